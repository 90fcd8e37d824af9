import { InputError } from "../errors.js";
import type { Card } from "./card-schema.js";
import { modalitiesOf } from "./modalities.js";
import { type Policy, tensorsOf } from "./policy.js";

/** Means over some data, in physical units. */
export interface DataMeans {
  /** One number an element, by modality; of every modality that is no image. */
  readonly values: Readonly<Record<string, readonly number[]>>;
  /** One number a coordinate of the feature points, in the network's order; empty for a policy without them. */
  readonly points: readonly number[];
}

/** What shares are measured from (methods.md §0.8). The torques are the same under all of them. */
export interface ConventionEntry {
  readonly name: string;
  /** Whether the policy's inputs count as physical quantities, or as standardised ones: their zero is then the mean. */
  readonly normalisation: "inside" | "outside";
  /** What a configuration element is measured from. */
  readonly configuration: "zero" | "mean";
  /** What a feature point's coordinate is measured from. */
  readonly points: "policy" | "corner" | "mean";
}

/**
 * The conventions that shares are compared under. Only where zero lies counts: a scale on an input is taken back by the
 * weights behind it, and the products that relevance is made of stay the same.
 */
export const CONVENTIONS: readonly ConventionEntry[] = [
  { name: "zero", normalisation: "inside", configuration: "zero", points: "policy" },
  { name: "corner", normalisation: "inside", configuration: "zero", points: "corner" },
  { name: "mean", normalisation: "outside", configuration: "mean", points: "policy" },
  { name: "mean-corner", normalisation: "outside", configuration: "mean", points: "corner" },
  { name: "standardised", normalisation: "outside", configuration: "mean", points: "mean" },
];

/** @throws InputError with the known names for one that is none of them */
export function conventionNamed(name: string): ConventionEntry {
  const entry = CONVENTIONS.find((candidate) => candidate.name === name);
  if (!entry)
    throw new InputError(`convention ${name} is unknown; known are ${CONVENTIONS.map((c) => c.name).join(", ")}`);
  return entry;
}

/**
 * The same policy with its relevance measured by a convention: what its card says of references and origins is replaced,
 * the network and so every torque stay as they are.
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
      const mean = values[name];
      if (mean?.length !== size)
        throw new InputError(`${path}: mean of ${name}: found ${mean?.length ?? "none"}, expected ${size} numbers`);
      return [name, { mean: [...mean] }];
    }),
  );
}
