import * as z from "zod";
import { count, list, mapping, modalityName, text } from "./schema-parts.js";

/** One whole number for both axes, or [down, across]. */
const perAxis = (least: number, expected: string) => {
  const one = count(least, expected);
  return z.union([one, z.tuple([one, one], { error: `${expected}, or [down, across]` })], {
    error: `${expected}, or [down, across]`,
  });
};

/** An output tensor [1, Q, h, w] that holds Q maps of attention over one image. */
export const attentionTensor = mapping({
  /** The image modality that the maps lie on. */
  modality: modalityName,
  /** Names of the queries, one per map. Default: the tensor's name for a single map, else 1, 2, … */
  queries: list(text("a query's name"), "a list of names, one per map").optional(),
  /** Pixels from a place to the next, of a coarser grid than the image's. Default 1. */
  stride: perAxis(1, "a whole number of pixels, 1 or more").optional(),
  /** Pixels that a place sees. Default: the stride, places side by side. */
  field: perAxis(1, "a whole number of pixels, 1 or more").optional(),
  /** Pixels by which the first place reaches beyond the image's edge. Default 0. */
  padding: perAxis(0, "a whole number of pixels, 0 or more").optional(),
});

/** The attention maps of one output tensor of the card. */
export interface CardAttention extends z.infer<typeof attentionTensor> {}
