import { type Convolution, type MapSize, mapsOf } from "../pixels/spec.js";

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
  /** Three convolutions: the mask's features are those behind the second, the third's are joined with the words. */
  readonly vision: readonly [Convolution, Convolution, Convolution];
  readonly fusion: RecurrentFusion | TransformerFusion;
}

/** Sizes that a world and its language give. */
export interface ListeningSizes {
  /** Image, pixels, and its channels. */
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** Words of the vocabulary, padding, begin, end and unknown included. */
  readonly vocabulary: number;
  /** Tokens of an instruction. */
  readonly tokens: number;
  readonly actions: number;
}

export interface ListeningSpec extends ListeningSizes, ListeningLayers {}

/** Number of the token that fills up an instruction. */
export const PADDING = 0;

/** The maps behind the second and the third convolution: of the mask, and of the cells that are joined with the words. */
export function visionMaps(spec: ListeningSpec): { readonly mask: MapSize; readonly cells: MapSize } {
  const maps = mapsOf({ ...spec, convolutions: spec.vision, hidden: 0 });
  return { mask: maps[1]!, cells: maps[2]! };
}
