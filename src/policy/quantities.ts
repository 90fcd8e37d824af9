import { wordsOf } from "../outputs/kinds.js";
import { errorAt } from "../yaml/located.js";
import { type Card, type CardSlice, QUANTITIES, type Quantity } from "./card-schema.js";
import { outputsOf } from "./outputs.js";

/** Quantities with one element per joint, matched by joint name. */
export const JOINT_WISE: ReadonlySet<Quantity> = new Set(["joint_position", "joint_velocity", "previous_action"]);

/** Units by quantity, the default first; undefined: any. Observations are in SI units, so no others are accepted. */
const UNITS: Readonly<Record<Quantity, readonly string[] | undefined>> = {
  joint_position: ["rad", "m"],
  joint_velocity: ["rad/s", "m/s"],
  end_effector_position: ["m", "rad", "1"],
  end_effector_velocity: ["m/s", "rad/s"],
  previous_action: ["N·m", "N", "rad", "m", "rad/s", "m/s", "1"],
  other: undefined,
};

/** The slice's quantity: as given, else that of its modality's name, else `other`. */
export function quantityOf(slice: CardSlice): Quantity {
  return slice.quantity ?? QUANTITIES.find((quantity) => quantity === slice.modality) ?? "other";
}

/** The slice's unit: as given, else its quantity's first, of a previous action that of the outputs. */
export function unitOf(card: Card, slice: CardSlice): string {
  const quantity = quantityOf(slice);
  const byQuantity = quantity === "previous_action" ? wordsOf(outputsOf(card)).unit : UNITS[quantity]?.[0];
  return slice.unit ?? byQuantity ?? "";
}

export function checkUnit(slice: CardSlice, quantity: Quantity, source: string, path: readonly PropertyKey[]): void {
  const units = UNITS[quantity];
  if (slice.unit !== undefined && units !== undefined && !units.includes(slice.unit)) {
    const expected = `${units.join(" or ")}: observations are in SI units`;
    throw errorAt(source, [...path, "unit"], `found ${JSON.stringify(slice.unit)}, expected ${expected}`);
  }
}

/** Number of elements of a slice, or undefined where the card gives neither `size` nor `elements`. */
export const sliceSize = (slice: CardSlice): number | undefined => slice.size ?? slice.elements?.length;

/**
 * Names of a slice's elements: as given; else the joints for joint-wise quantities, of a previous action the outputs, x,
 * y, z for the end effector's, and indices for others. Undefined where the size does not fit these.
 */
export function elementNames(card: Card, slice: CardSlice): readonly string[] | undefined {
  if (slice.elements !== undefined) return slice.elements;
  const size = sliceSize(slice) ?? 0;
  const quantity = quantityOf(slice);
  if (quantity === "other") return Array.from({ length: size }, (_, index) => String(index));
  const joints = quantity === "previous_action" ? outputsOf(card).map(({ name }) => name) : card.joints;
  const names = JOINT_WISE.has(quantity) ? joints : ["x", "y", "z"];
  return names.length === size ? names : undefined;
}
