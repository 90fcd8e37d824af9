import { InputError } from "../errors.js";
import { own } from "../own.js";
import type { Card } from "./card-schema.js";
import type { ConventionEntry } from "./conventions.js";
import { modalitiesOf } from "./modalities.js";
import type { Policy } from "./policy.js";
import { tensorsOf } from "./tensors.js";

/** Means over some data, in physical units. */
export interface DataMeans {
  /** One number per element, by modality; of every modality that is no image. */
  readonly values: Readonly<Record<string, readonly number[]>>;
  /** One number per coordinate of the feature points, in the network's order; empty for a policy without them. */
  readonly points: readonly number[];
}

/**
 * The policy under a convention: the card's references and origins are replaced; the network, and so every torque,
 * stays the same.
 * @throws InputError where a mean is asked for that is not among `means`
 */
export function underConvention(policy: Policy, convention: ConventionEntry, means: DataMeans): Policy {
  const { card, graph } = policy;
  const changed: Card = {
    ...card,
    reference: convention.configuration === "mean" ? meanReferences(policy, means) : {},
    feature_points: { origin: convention.points === "mean" ? { mean: [...means.points] } : convention.points },
  };
  return { ...policy, card: changed, modalities: modalitiesOf(changed, tensorsOf(graph).inputs) };
}

function meanReferences({ path, modalities }: Policy, { values }: DataMeans): Card["reference"] {
  const named = modalities.filter((modality) => modality.kind === "values");
  return Object.fromEntries(
    named.map(({ name, size }) => {
      const mean = own(values, name);
      if (mean?.length !== size)
        throw new InputError(`${path}: mean of ${name}: found ${mean?.length ?? "none"}, expected ${size} numbers`);
      return [name, { mean: [...mean] }];
    }),
  );
}
