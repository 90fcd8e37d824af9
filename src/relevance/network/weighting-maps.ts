import { sizeOf } from "../../graph/shape.js";
import type { Value } from "../../graph/value.js";
import type { Network } from "../contract/facts.js";
import type { SubjectImage } from "../contract/subject.js";

/** A map [1, 1, h, w] of an image that features are multiplied by. */
export interface WeightingMap {
  readonly image: SubjectImage;
  readonly map: Value;
}

/** Maps [1, 1, h, w] of one image that weight features [1, C, h, w], in the order of the network. */
export function weightingMaps({ context }: Network): WeightingMap[] {
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
