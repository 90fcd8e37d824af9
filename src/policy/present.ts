import { kindNamed } from "../outputs/kinds.js";
import type { Card, CardImage, CardSlice } from "./card-schema.js";
import type { OutputSlice } from "./outputs.js";
import { elementNames, quantityOf } from "./quantities.js";

/** Where the present value of an element is among the inputs: an element of a flattened tensor. */
export interface Place {
  readonly input: string;
  readonly index: number;
}

const isSlices = (input: CardImage | CardSlice[]): input is CardSlice[] => Array.isArray(input);

/** Present values of a slice's elements, at the latest time; undefined for each that is not among the inputs. */
export function presentPlaces(card: Card, { kind, elements, reference }: OutputSlice): (Place | undefined)[] {
  const { present } = kindNamed(kind);
  const from = typeof reference === "object" && "modality" in reference ? reference.modality : undefined;
  const latest = new Map<string, { readonly input: string; readonly slice: CardSlice }>();
  for (const [input, slices] of Object.entries(card.inputs))
    for (const slice of isSlices(slices) ? slices : []) latest.set(slice.modality, { input, slice });
  const isMeant = (slice: CardSlice) => {
    if (from !== undefined) return slice.modality === from;
    const quantity = quantityOf(slice);
    return present === undefined ? quantity === "joint_position" : quantity === present;
  };
  const meant = [...latest.values()].filter(({ slice }) => isMeant(slice));
  return elements.map((element, i) => {
    for (const { input, slice } of meant) {
      const names = elementNames(card, slice) ?? [];
      const byName = names.indexOf(element);
      // A modality that is named, and whose elements have no names of their own, goes by the order.
      const index = byName >= 0 || from === undefined || names.length !== elements.length ? byName : i;
      if (index >= 0) return { input, index: slice.start + index };
    }
    return undefined;
  });
}
