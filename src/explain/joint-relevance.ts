import { own } from "../own.js";
import type { Modality } from "../policy/modalities.js";
import { JOINT_WISE } from "../policy/quantities.js";
import type { Explanation } from "./explanation.js";

/** Joint names, one an element, by joint-wise modality. */
export type JointElements = Readonly<Record<string, readonly string[]>>;

/** The joint of each element of a policy's joint-wise modalities. */
export function jointElementsOf(modalities: readonly Modality[]): JointElements {
  return Object.fromEntries(
    modalities.flatMap((modality) =>
      modality.kind === "values" && JOINT_WISE.has(modality.quantity) ? [[modality.name, modality.elements]] : [],
    ),
  );
}

/**
 * Relevance of each joint's own state: Σ|R| over its elements (position, velocity), N·m. Undefined where the explanation
 * holds no relevance (level `skip`).
 */
export function jointRelevance({ relevance }: Explanation, elements: JointElements): Map<string, number> | undefined {
  const sums = new Map<string, number>();
  for (const [modality, joints] of Object.entries(elements)) {
    const values = own(relevance, modality);
    if (!values) return undefined;
    for (const [i, joint] of joints.entries()) sums.set(joint, (sums.get(joint) ?? 0) + Math.abs(values[i]!));
  }
  return sums;
}
