import { areActions } from "../outputs/kinds.js";
import type { Policy } from "../policy/policy.js";
import type { Subject } from "../relevance/contract/subject.js";

/** A policy as the relevance compiler sees it. */
export const subjectOf = (policy: Policy): Subject => ({
  graph: policy.graph,
  sha256: policy.sha256,
  torque: policy.command,
  ...(areActions(policy.outputs) && { distribution: distributionOf(policy) }),
  isChange: policy.outputs.some(({ reference }) => reference === "present"),
  modalities: policy.modalities,
  featurePoints: policy.card.feature_points.origin,
  ...(policy.card.fusion !== undefined && { fusion: policy.card.fusion }),
});

const distributionOf = ({ outputs }: Policy): "logits" | "probabilities" =>
  outputs.every(({ kind }) => kind === "action_probability") ? "probabilities" : "logits";
