import type { Convolution } from "../pixels/spec.js";

/** Features of the modalities that an LSTM joins (ALFRED's sequence to sequence; MOCA with `filters`). */
export interface RecurrentFusion {
  readonly kind: "recurrent";
  /** Numbers of a word's embedding. */
  readonly word: number;
  /** Units of the Bi-LSTM over the words, of each direction. */
  readonly words: number;
  /** Maps that the image's features become, each a mixture of their channels: by weights, or by filters. */
  readonly maps: number;
  /** True where the mixtures are made from the attended words (MOCA's dynamic filters). */
  readonly filters?: true;
  /** Numbers of an image, from its maps. */
  readonly seen: number;
  /** Numbers of the previous action's embedding. */
  readonly action: number;
  /** Units of the LSTM that joins them. */
  readonly core: number;
  /** True where a linear layer of what the LSTM reads is added to its answer (MOCA). */
  readonly residual?: true;
}

/** Tokens of words, image cells and actions that a transformer joins (ET; HiTUT with `normalised`). */
export interface TransformerFusion {
  readonly kind: "transformer";
  /** Numbers of a token; `heads` divides it. */
  readonly width: number;
  readonly heads: number;
  /** Units of a layer's feed-forward part. */
  readonly inner: number;
  /** Layers over the words alone, and over all tokens. */
  readonly wordLayers: number;
  readonly layers: number;
  /** Earlier frames and actions that there are tokens of: the policy carries them as state. */
  readonly past: number;
  /** True where embeddings pass a linear layer of their own and are normalised before they are joined (HiTUT). */
  readonly normalised?: true;
}

/** A network that hears words, sees images and knows its previous action. */
export interface ListeningLayers {
  /**
   * Convolutions to a map of the mask's cells; behind them each cell has a detector of every kind of thing there is
   * (sigmoids).
   */
  readonly vision: readonly Convolution[];
  /** Cells, down and across, that make a place: places are joined with the words. */
  readonly merged: number;
  readonly fusion: RecurrentFusion | TransformerFusion;
}

/** Sizes that a world and its language give. */
export interface ListeningSizes {
  /** Image, pixels, and its channels. */
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** Cells of the mask. */
  readonly mask: { readonly width: number; readonly height: number };
  /** Kinds of things that are told apart. */
  readonly kinds: number;
  /** Words of the vocabulary, padding, begin, end and unknown included. */
  readonly vocabulary: number;
  /** Tokens of an instruction. */
  readonly tokens: number;
  readonly actions: number;
}

export interface ListeningSpec extends ListeningSizes, ListeningLayers {}

/** Number of the token that fills up an instruction. */
export const PADDING = 0;

/** Places of an image, and numbers of each: the detectors of its cells. */
export function placesOf({ mask, merged, kinds }: Pick<ListeningSpec, "mask" | "merged" | "kinds">): {
  readonly rows: number;
  readonly columns: number;
  readonly places: number;
  readonly features: number;
} {
  const [rows, columns] = [mask.height / merged, mask.width / merged];
  if (!Number.isInteger(rows) || !Number.isInteger(columns))
    throw new RangeError(`${mask.width} × ${mask.height} cells do not make places of ${merged} × ${merged}`);
  return { rows, columns, places: rows * columns, features: merged * merged * kinds };
}
