import { convInputAdjoint, geometryOf } from "../../backward/convolution.js";
import { apply } from "../../graph/apply.js";
import { concat, conv, expand, mul, reshape, split, sum } from "../../graph/build.js";
import type { Shape } from "../../graph/shape.js";
import type { Value } from "../../graph/value.js";
import type { RecogniseLayer } from "../contract/recognise.js";

export const convolution: RecogniseLayer = (node, analysis) => {
  const [input, weight, bias] = node.inputs as readonly [Value, Value, Value?];
  if (analysis.isDependent(weight) || !analysis.isDependent(input)) return undefined;
  const output = node.outputs[0]!;
  const geometry = geometryOf(node);
  return {
    node,
    input,
    weight,
    bias: bias && onChannels(bias, output),
    output,
    kind: "convolution",
    taps: distinct(weight.shape.slice(2), output.shape.slice(2), (o, k, i) => {
      const at = o * geometry.strides[i]! - geometry.pads[i]! + k * geometry.dilations[i]!;
      return at >= 0 && at < input.shape[i + 2]!;
    }),
    forward: (x, w, plus) => conv(x, w, geometry, plus && expand(reshape(plus, [-1]), [w.shape[0]!])),
    ...(geometry.group === 1 && geometry.pads.every((p) => p === 0) && { uniform: channelSums }),
    adjoints: (y, weights) => {
      const [rows, batch, ...rest] = y.shape as [number, number, ...number[]];
      const flat = reshape(y, [rows * batch, ...rest]);
      const back = (w: Value) => {
        const value = convInputAdjoint(flat, w, input.shape.slice(2), geometry);
        return reshape(value, [rows, batch, ...value.shape.slice(1)]);
      };
      if (geometry.group > 1 || weights.length === 1) return weights.map(back);
      // One pass over y for all weights, their input channels concatenated.
      const channels = weights.map((w) => w.shape[1]!);
      return split(back(concat(weights, 1)), 2, channels);
    },
    ...(geometry.group === 1 &&
      input.shape[0] === 1 && {
        channelAdjoints: (y: Value, w: Value) => {
          // A term may have one weight for all channels of the input.
          const [channels, inputs] = w.shape as [number, number];
          const back = convInputAdjoint(y, w, input.shape.slice(2), { ...geometry, group: channels });
          return reshape(back, [channels, inputs, ...input.shape.slice(2)]);
        },
      }),
  };
};

/** By axis, the different sets of kernel elements k that reach an output element o. */
function distinct(
  kernel: Shape,
  extents: Shape,
  reaches: (o: number, k: number, axis: number) => boolean,
): readonly (readonly number[])[][] {
  return extents.map((extent, i) => {
    const sets = new Map<string, readonly number[]>();
    for (let o = 0; o < extent; o++) {
      const set = Array.from({ length: kernel[i]! }, (_, k) => k).filter((k) => reaches(o, k, i));
      sets.set(set.join(), set);
    }
    return [...sets.values()];
  });
}

/** [1, C, 1, …] and [K, C, …kernel] → [1, K, 1, …]: all windows have the same result. */
function channelSums(x: Value, weight: Value): Value {
  const axes = weight.shape.map((_, i) => i).slice(1);
  return reshape(sum(mul(weight, x), axes), [1, weight.shape[0]!, ...axes.slice(1).map(() => 1)]);
}

/** [K] → [1, K, 1, …]. */
const onChannels = (bias: Value, output: Value) =>
  reshape(bias, [1, bias.shape[0]!, ...output.shape.slice(2).map(() => 1)]);

/** A convolution with inputs and outputs swapped. */
export const transposedConvolution: RecogniseLayer = (node, analysis) => {
  const [input, weight, bias] = node.inputs as readonly [Value, Value, Value?];
  if (analysis.isDependent(weight) || !analysis.isDependent(input)) return undefined;
  const output = node.outputs[0]!;
  const geometry = geometryOf(node);
  const channels = output.shape[1]!;
  return {
    node,
    input,
    weight,
    bias: bias && onChannels(bias, output),
    output,
    kind: "transposed convolution",
    taps: distinct(weight.shape.slice(2), output.shape.slice(2), (o, k, i) => {
      const at = (o + geometry.pads[i]! - k * geometry.dilations[i]!) / geometry.strides[i]!;
      return Number.isInteger(at) && at >= 0 && at < input.shape[i + 2]!;
    }),
    forward: (x, w, plus) =>
      apply("ConvTranspose", plus ? [x, w, expand(reshape(plus, [-1]), [channels])] : [x, w], node.attributes),
    adjoints: (y, weights) => {
      const [rows, batch, ...rest] = y.shape as [number, number, ...number[]];
      const flat = reshape(y, [rows * batch, ...rest]);
      return weights.map((w) => reshape(conv(flat, w, geometry), [rows, batch, ...input.shape.slice(1)]));
    },
  };
};
