import { InputError } from "../errors.js";
import { own, put } from "../own.js";
import { conventionNamed } from "./conventions.js";
import type { Policy } from "./policy.js";
import { type DataMeans, underConvention } from "./under-convention.js";

/**
 * The policy with its relevance measured by the convention `name` (`--convention`); unchanged if there is no name.
 * @throws InputError for an unknown name, or a mean that the card does not state
 */
export function underConventionNamed(policy: Policy, name: string | undefined): Policy {
  if (name === undefined) return policy;
  const convention = conventionNamed(name);
  const means = statedMeans(policy);
  if (convention.points === "mean" && means.points.length === 0)
    throw new InputError(`--convention ${name}: ${policy.cardSource} does not state the feature points' mean`);
  const needed = policy.modalities.filter((m) => m.kind === "values" && !own(means.values, m.name));
  if (convention.configuration === "mean" && needed.length > 0) {
    const names = needed.map((modality) => modality.name).join(", ");
    throw new InputError(`--convention ${name}: ${policy.cardSource} states no mean of ${names} (key reference)`);
  }
  return underConvention(policy, convention, means);
}

/** The training data's means that the card states. */
function statedMeans({ card, modalities }: Policy): DataMeans {
  const { origin } = card.feature_points;
  const values: Record<string, readonly number[]> = {};
  for (const m of modalities)
    if (m.kind === "values" && m.reference.kind === "mean") put(values, m.name, [...m.reference.values]);
  return { values, points: typeof origin === "object" ? origin.mean : [] };
}
