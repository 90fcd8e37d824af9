import { InputError } from "../errors.js";

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
