import { InputError } from "../../errors.js";
import { abs, mul, reshape, safeDivide, sum } from "../../graph/build.js";
import type { Value } from "../../graph/value.js";
import type { Attribution } from "../contract/attribution.js";
import { rowsOf } from "../contract/carrier.js";
import type { Network } from "../contract/facts.js";
import type { SubjectImage } from "../contract/subject.js";
import { type WeightingMap, weightingMaps } from "../network/weighting-maps.js";
import { type Attended, mapToPixels } from "./attended.js";

/** Maps [1, 1, h, w] that the features of images are multiplied by. */
export interface Maps {
  readonly kind: "maps";
  readonly maps: readonly WeightingMap[];
}

/** The last map of each image that weights its features, where there are some. */
export function allMaps(network: Network): Maps | undefined {
  const maps = new Map(weightingMaps(network).map(({ image, map }) => [image, map]));
  return maps.size > 0 ? { kind: "maps", maps: Array.from(maps, ([image, map]) => ({ image, map })) } : undefined;
}

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
