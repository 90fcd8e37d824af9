import { InputError } from "../errors.js";

/** A choice of references that shares are measured from (methods.md §0.8). It does not change the torques. */
export interface ConventionEntry {
  readonly name: string;
  /** `inside`: inputs are physical quantities. `outside`: they are standardised, and their zero is the mean. */
  readonly normalisation: "inside" | "outside";
  /** Reference of a configuration element. */
  readonly configuration: "zero" | "mean";
  /** Origin of a feature point's coordinates. */
  readonly points: "policy" | "corner" | "mean";
}

/**
 * The conventions that shares are compared under. They differ only in where zero lies: the next weights undo a scale on
 * an input, and the products that relevance is made of stay the same.
 */
export const CONVENTIONS: readonly ConventionEntry[] = [
  { name: "zero", normalisation: "inside", configuration: "zero", points: "policy" },
  { name: "corner", normalisation: "inside", configuration: "zero", points: "corner" },
  { name: "mean", normalisation: "outside", configuration: "mean", points: "policy" },
  { name: "mean-corner", normalisation: "outside", configuration: "mean", points: "corner" },
  { name: "standardised", normalisation: "outside", configuration: "mean", points: "mean" },
];

/** @throws InputError listing the known names for an unknown one */
export function conventionNamed(name: string): ConventionEntry {
  const entry = CONVENTIONS.find((candidate) => candidate.name === name);
  if (!entry)
    throw new InputError(`convention ${name} is unknown; known are ${CONVENTIONS.map((c) => c.name).join(", ")}`);
  return entry;
}
