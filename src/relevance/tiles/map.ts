import type { Node, Value } from "../../graph/value.js";
import type { Network } from "../contract/facts.js";
import type { SubjectImage } from "../contract/subject.js";
import { receptiveField } from "../network/receptive-field.js";

/** A feature map [1, C, h, w] that soft-argmaxes read: all that the torques know of its image. */
export interface FeatureMap {
  readonly image: SubjectImage;
  readonly map: Value;
}

/** The feature maps of images that reach the torques through soft-argmaxes of one map alone. */
export function featureMaps({ context, subject }: Network): FeatureMap[] {
  const { analysis } = context;
  const found = new Map<SubjectImage, Set<Value | undefined>>();
  for (const node of analysis.order) {
    const pattern = analysis.pattern(node);
    const image = pattern?.kind === "soft-argmax" ? context.onlyImage(pattern.softmax) : undefined;
    if (pattern?.kind !== "soft-argmax" || !image) continue;
    found.set(image, (found.get(image) ?? new Set()).add(mapBehind(pattern.softmax.inputs[0]!)));
  }
  return Array.from(found).flatMap(([image, [map, ...others]]) =>
    map && others.length === 0 && isOnlyWay(subject.graph.inputs.get(image.input)!, map) ? [{ image, map }] : [],
  );

  /** The last value on the way to these logits whose cells see windows of the image. */
  function mapBehind(logits: Value): Value | undefined {
    let value = logits;
    while (!receptiveField(value, analysis)) {
      const [source, ...others] = value.node.inputs.filter(
        (v): v is Value => v !== undefined && analysis.isDependent(v),
      );
      if (!source || others.length > 0) return undefined;
      value = source;
    }
    return value.shape.length === 4 && value.shape[0] === 1 ? value : undefined;
  }

  function isOnlyWay(image: Value, map: Value): boolean {
    const within = new Set<Node>();
    const collect = (node: Node): void => {
      if (within.has(node)) return;
      within.add(node);
      for (const input of node.inputs) if (input) collect(input.node);
    };
    collect(map.node);
    const inner = [...within].filter((node) => node !== map.node).flatMap(({ outputs }) => outputs);
    const readers = inner
      .filter((value) => analysis.isDependent(value))
      .flatMap((v) => analysis.consumers.get(v) ?? []);
    return within.has(image.node) && readers.every((node) => within.has(node));
  }
}
