import { apply, applyNode } from "../graph/apply.js";
import { div, expand, full, reshape, tensor, zeros } from "../graph/build.js";
import type { DType } from "../graph/dtype.js";
import { type Window, windowOf } from "../graph/operators/linear.js";
import { Inference } from "../graph/operators/spec.js";
import { sizeOf } from "../graph/shape.js";
import type { Node, Value } from "../graph/value.js";

/** Window of a pooling node, and its end pads stretched to what the last window reaches (ceil_mode). */
function poolWindow(node: Node): Window & { readonly reach: readonly number[] } {
  const x = node.inputs[0]!;
  const kernel = node.attributes.kernel_shape as readonly number[];
  const window = windowOf(new Inference(node.op, node.inputs, node.attributes), x.shape.slice(2), kernel);
  const out = node.outputs[0]!.shape.slice(2);
  const reach = out.map((n, i) => (n - 1) * window.strides[i]! + window.dilations[i]! * (kernel[i]! - 1) + 1);
  return { ...window, reach };
}

/** Number of elements that each window averages, [1, 1, …out]. */
function windowCounts(node: Node, dtype: DType): Value {
  const { kernel, strides, dilations, pads } = poolWindow(node);
  const spatial = node.inputs[0]!.shape.slice(2);
  const out = node.outputs[0]!.shape.slice(2);
  const includePad = node.attributes.count_include_pad === 1;
  const perAxis = spatial.map((extent, i) =>
    Array.from({ length: out[i]! }, (_, o) => {
      const low = includePad ? -pads[i]! : 0;
      const high = includePad ? extent + pads[i + spatial.length]! : extent;
      const at = Array.from({ length: kernel[i]! }, (_, k) => o * strides[i]! - pads[i]! + k * dilations[i]!);
      return at.filter((p) => p >= low && p < high).length;
    }),
  );
  const counts = perAxis.reduce<number[]>((all, axis) => all.flatMap((a) => axis.map((b) => a * b)), [1]);
  return tensor(dtype, [1, 1, ...out], counts);
}

/** The adjoint of summing every window (not averaging): [N, C, …out] → [N, C, …in]. */
function windowSumAdjoint(node: Node, y: Value): Value {
  const x = node.inputs[0]!;
  const channels = x.shape[1]!;
  const spatial = x.shape.slice(2);
  if (node.op === "GlobalAveragePool") return expand(y, [y.shape[0]!, channels, ...spatial]);
  const { kernel, strides, dilations, pads, reach } = poolWindow(node);
  const begin = pads.slice(0, spatial.length);
  const surplus = spatial.map((extent, i) => reach[i]! - begin[i]! - extent);
  const attributes = {
    strides,
    dilations,
    group: channels,
    pads: [...begin, ...surplus.map((s) => Math.max(0, s))],
    output_padding: surplus.map((s) => Math.max(0, -s)),
  };
  return apply("ConvTranspose", [y, full([channels, 1, ...kernel], 1, y.dtype)], attributes);
}

/** The adjoint of AveragePool or GlobalAveragePool. */
export function averagePoolAdjoint(node: Node, y: Value): Value {
  const spatial = node.inputs[0]!.shape.slice(2);
  const counts = node.op === "GlobalAveragePool" ? sizeOf(spatial) : windowCounts(node, y.dtype);
  return windowSumAdjoint(node, div(y, counts));
}

/**
 * Gives each window's amount to its largest element: the adjoint of MaxPool, and winner-takes-all relevance.
 * Ties go to the element that the runtime's MaxPool indexes, so nothing is counted twice.
 * @param y [B × N, C, …out] for an input [N, C, …in]; B copies of the same windows
 */
export function maxPoolAdjoint(node: Node, y: Value): Value {
  const x = node.inputs[0]!;
  const rowMajor = { ...node.attributes, storage_order: 0 };
  const [, indices] = applyNode("MaxPool", [x], rowMajor, { outputCount: 2 }).outputs;
  const copies = sizeOf(y.shape) / sizeOf(indices!.shape);
  const flat = expand(reshape(indices!, [1, sizeOf(indices!.shape)]), [copies, sizeOf(indices!.shape)]);
  const amounts = reshape(y, [copies, sizeOf(indices!.shape)]);
  const nothing = zeros([copies, sizeOf(x.shape)], y.dtype);
  const scattered = apply("ScatterElements", [nothing, flat, amounts], { axis: 1, reduction: "add" });
  return reshape(scattered, [copies * x.shape[0]!, ...x.shape.slice(1)]);
}
