import * as z from "zod";
import { InputError } from "../../errors.js";
import { apply } from "../../graph/apply.js";
import { int64, mean, mul, relu, reshape, sum } from "../../graph/build.js";
import { isArithmetic, isRearranged } from "../../graph/kinds.js";
import { traitsOf } from "../../graph/traits.js";
import type { Value } from "../../graph/value.js";
import type { Totals } from "../contract/attribution.js";
import { collapse, type Relevance, rowsOf } from "../contract/carrier.js";
import type { Network } from "../contract/facts.js";
import { heightAndWidth, type SubjectImage } from "../contract/subject.js";
import { propagate } from "../pass/propagate.js";
import { inputTotal } from "../pass/totals.js";
import { gradient, timesInput } from "../rules/operator/gradient.js";
import { method } from "./method-spec.js";

/**
 * Grad-CAM: ReLU(Σ_c mean(∂|τ|/∂A_c) · A_c) of a convolution's output A, the α-weighted sum of the torques taken as one
 * output, interpolated to the image. An image's share is the sum over the cells of A, in units of torque like gradient
 * × input.
 */
export const gradCam = method({
  name: "grad-cam",
  title: "where a convolution's features speak for the torque; other inputs by gradient × input",
  cite: "Selvaraju et al., Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization, ICCV 2017",
  conserves: false,
  linear: false,
  contrasts: false,
  options: {
    layer: z
      .string()
      .optional()
      .describe(
        "name of a node or of its output [1, C, h, w]; default: each image's last convolution that is not the map of a soft-argmax itself. Images other than the layer's get nothing",
      ),
  },
  make:
    ({ layer }) =>
    (network) => {
      const features = layer === undefined ? lastConvolutions(network) : layerNamed(network, layer);
      const values = [...network.inputs].filter((input) => !isImage(network, input));
      const pass = propagate(
        network.depth === "per-torque" ? network : network.at("heatmap"),
        { seed: "sign", rows: [], operators: gradient, linear: false },
        new Set([...features.values(), ...values]),
      );
      const maps = Array.from(features, ([image, value]) => {
        const each = pass.inputs.get(value);
        if (!each) throw new InputError(`grad-cam layer "${value.name ?? value.node.label}": no torque depends on it`);
        return { image, ...mapsOf(value, each, network) };
      });
      const arrived = values.flatMap((value) => {
        const found = pass.inputs.get(value);
        const amount = found && timesInput(value, found.amount, network.context);
        return amount ? [[value, { ...found, amount }] as const] : [];
      });
      const inputs = new Map<Value, Relevance>(arrived);
      const fine = ({ image, weighted }: Maps) => ({ amount: toPixels(weighted, image, network), perTorque: false });
      return {
        ...pass,
        inputs,
        joined: new Map(),
        pixels: new Map(maps.map((map) => [map.image.name, [fine(map)]])),
        torquePixels: new Map(maps.map(({ image, each }) => [image.name, toPixels(each, image, network)])),
        totals: totalsOf(network, inputs, maps),
      };
    },
});

/** An image's map at the layer, [rows, h, w]: for the weighted sum of the torques, and for each torque. */
interface Maps {
  readonly image: SubjectImage;
  readonly weighted: Value;
  readonly each: Value;
}

function mapsOf(features: Value, gradients: Relevance, { importance }: Network): Omit<Maps, "image"> {
  const map = ({ amount }: Relevance) => {
    const channels = mul(mean(amount, [3, 4], true), features);
    return relu(reshape(sum(channels, [2]), [rowsOf(amount), ...features.shape.slice(2)]));
  };
  return { weighted: map(collapse(gradients, importance)), each: map(gradients) };
}

/** [rows, h, w] → [rows, H, W], bilinear between the centres of cells. */
function toPixels(map: Value, image: SubjectImage, { subject }: Network): Value {
  const { shape } = subject.graph.inputs.get(image.input)!;
  const [h, w] = heightAndWidth(shape, image).map((axis) => shape[axis]!) as [number, number];
  const rows = rowsOf(map);
  const fine = apply("Resize", [reshape(map, [1, ...map.shape]), undefined, undefined, int64([1, rows, h, w])], {
    mode: "linear",
    coordinate_transformation_mode: "half_pixel",
  });
  return reshape(fine, [rows, h, w]);
}

function totalsOf(network: Network, inputs: ReadonlyMap<Value, Relevance>, maps: readonly Maps[]): Totals {
  const of = (torquewise: boolean) =>
    new Map(
      network.subject.modalities.flatMap((modality) => {
        const map = maps.find(({ image }) => image === modality);
        const found =
          modality.kind === "values"
            ? inputTotal(network, inputs, modality, torquewise)
            : map && sum(torquewise ? map.each : map.weighted, [1, 2]);
        return found ? [[modality.name, reshape(found, torquewise ? [-1] : [])] as const] : [];
      }),
    );
  return { weighted: of(false), perTorque: of(true) };
}

const isImage = ({ subject }: Network, input: Value) =>
  subject.modalities.some((m) => m.kind === "image" && subject.graph.inputs.get(m.input) === input);

/**
 * Returns true if a value is only the map of a soft-argmax, moved and scaled as a whole: adding one number to all cells
 * of a channel changes nothing there, so the mean gradient is zero and Grad-CAM's weights would be rounding errors.
 */
function isShiftFree(value: Value, context: Network["context"]): boolean {
  const { analysis } = context;
  const readers = analysis.consumers.get(value) ?? [];
  return (
    readers.length > 0 &&
    readers.every((node) => {
      if (analysis.isPointMap(node)) return true;
      const scales =
        isMultiplied(node.op) && node.inputs.every((v) => v === value || v?.literal?.shape.every((d) => d === 1));
      return (scales || isRearranged(node.op)) && isShiftFree(node.outputs[0]!, context);
    })
  );
}

/** True for products and quotients: they scale without a shift. */
const isMultiplied = (op: string) => isArithmetic(op) && traitsOf(op).form !== "affine";

/** For each image the last convolution that depends on it alone and that Grad-CAM can weight. */
function lastConvolutions({ context, subject }: Network): ReadonlyMap<SubjectImage, Value> {
  const { analysis } = context;
  const found = new Map<SubjectImage, Value>();
  for (const node of analysis.order) {
    const image = context.onlyImage(node);
    const layer = image && analysis.layer(node);
    if (!image || layer?.kind !== "convolution") continue;
    // The policy's own value: of a layer with a GroupNorm or InstanceNorm after it, `output` is another one.
    const map = layer.node.outputs[0]!;
    if (isMap(map) && !isShiftFree(map, context)) found.set(image, map);
  }
  const images = subject.modalities.filter((m): m is SubjectImage => m.kind === "image");
  if (images.length === 0) throw new InputError("method grad-cam: the policy has no image");
  const without = images.find((image) => !found.has(image));
  if (without)
    throw new InputError(
      `method grad-cam: found no convolution that depends on ${without.name} alone and is not the map of a soft-argmax itself; name a layer`,
    );
  return found;
}

function layerNamed({ context }: Network, name: string): ReadonlyMap<SubjectImage, Value> {
  const { analysis } = context;
  const values = analysis.order.flatMap((node) => (node.name === name ? [node.outputs[0]!] : node.outputs));
  const value = values.find((v) => v.name === name || v.node.name === name);
  if (!value) throw new InputError(`grad-cam layer "${name}": found no node and no output of this name`);
  const image = context.onlyImage(value.node);
  const is = `it is [${value.shape}]${image ? "" : " and depends on more than one input or none"}`;
  if (!image || !isMap(value))
    throw new InputError(`grad-cam layer "${name}": ${is}, expected [1, C, h, w] that depends on one image alone`);
  if (isShiftFree(value, context))
    throw new InputError(
      `grad-cam layer "${name}": its mean gradient is zero by construction, since a softmax over its cells follows; expected an earlier layer`,
    );
  return new Map([[image, value]]);
}

const isMap = ({ shape }: Value) => shape.length === 4 && shape[0] === 1;
