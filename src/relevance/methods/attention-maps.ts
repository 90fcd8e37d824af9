import { InputError } from "../../errors.js";
import { abs, mul, reshape, safeDivide, sum } from "../../graph/build.js";
import { sizeOf } from "../../graph/shape.js";
import type { Value } from "../../graph/value.js";
import type { Attribution } from "../contract/attribution.js";
import { rowsOf } from "../contract/carrier.js";
import type { Network } from "../contract/facts.js";
import type { SubjectImage } from "../contract/subject.js";
import { type Attended, mapToPixels } from "./attended.js";

/** Maps [1, 1, h, w] that the features of images are multiplied by. */
export interface Maps {
  readonly kind: "maps";
  readonly maps: readonly { readonly image: SubjectImage; readonly map: Value }[];
}

/** The last map of each image that weights its features, where there are some. */
export function allMaps(network: Network): Maps | undefined {
  const maps = new Map(weightingMaps(network).map(({ image, map }) => [image, map]));
  return maps.size > 0 ? { kind: "maps", maps: Array.from(maps, ([image, map]) => ({ image, map })) } : undefined;
}

/** Maps [1, 1, h, w] of one image that weight features [1, C, h, w], in the order of the network. */
function weightingMaps({ context }: Network) {
  return context.analysis.order.flatMap((node) => {
    const [a, b] = node.inputs;
    if (node.op !== "Mul" || !a || !b) return [];
    const map = [a, b].find(isMap);
    const features = map === a ? b : a;
    const image = map && context.onlyImage(map.node);
    const weights = features.shape.length === 4 && features.shape[1]! > 1 && context.analysis.isDependent(features);
    return map && image && weights ? [{ image, map }] : [];
  });
}

export const isMap = ({ shape }: Value) => shape.length === 4 && shape[0] === 1 && shape[1] === 1 && sizeOf(shape) > 1;

/** The sum of gradient × map, in proportion to the map. */
export function attendedThroughMaps({ maps }: Maps, pass: Attribution, network: Network): Attended {
  const images = new Map<SubjectImage, Value>();
  for (const { image, map } of maps) {
    const arrived = pass.inputs.get(map);
    if (!arrived) throw new InputError(`attention "${map.name ?? map.node.label}": the torques do not depend on it`);
    const rows = rowsOf(arrived.amount);
    const total = sum(abs(mul(arrived.amount, map)), [1, 2, 3, 4]);
    const part = abs(map);
    const shared = mul(reshape(total, [rows, 1, 1]), reshape(safeDivide(part, sum(part)), [1, ...map.shape.slice(2)]));
    images.set(image, mapToPixels(shared, map, image, network));
  }
  const { node } = maps.at(-1)!.map;
  return { images, values: new Map(), rule: { node: node.label, op: node.op, rule: "attention" } };
}
