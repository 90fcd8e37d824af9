import { own } from "../own.js";
import type { CardSlice } from "../policy/card-schema.js";
import type { ValueModality } from "../policy/modalities.js";
import type { Policy } from "../policy/policy.js";

/** The slice of a card that a modality is. */
export function sliceOf({ card }: Policy, { name, input }: ValueModality): CardSlice | undefined {
  const slices = own(card.inputs, input);
  return Array.isArray(slices) ? slices.find(({ modality }: CardSlice) => modality === name) : undefined;
}
