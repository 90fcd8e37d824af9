import type { Graph } from "../../graph/value.js";

/** A network to explain, and the meaning of its tensors. A policy fits this shape. */
export interface Subject {
  readonly graph: Graph;
  /** Hex digest of the network's file, for the compiled model's metadata. */
  readonly sha256: string;
  /** Output tensor that holds the torques, or what else is explained, [J] or [1, J]. */
  readonly torque: string;
  /**
   * Set where `torque` holds a distribution over actions, as logits or as probabilities: relevance then adds up to the value
   * with its sign, and by default it is that of the action with the largest one (docs/outputs.md).
   */
  readonly distribution?: "logits" | "probabilities";
  /** True where the last nodes subtract present values from targets (methods.md §2.4). */
  readonly isChange?: boolean;
  /** In the order of shares. */
  readonly modalities: readonly SubjectModality[];
  readonly featurePoints: FeaturePointOrigin;
  /** Name of the tensor where the modalities' features join, where it cannot be found. */
  readonly fusion?: string;
}

/**
 * Origin of the feature points (methods.md §0.7): as the policy has them, the image corner, or their mean over some
 * data, one number per element of the soft-argmax outputs in the network's order.
 */
export type FeaturePointOrigin = "policy" | "corner" | { readonly mean: readonly number[] };

/** An origin's name in metadata and messages. */
export const originName = (origin: FeaturePointOrigin): "policy" | "corner" | "mean" =>
  typeof origin === "string" ? origin : "mean";

export type SubjectModality = SubjectImage | SubjectValues;

export interface SubjectImage {
  readonly kind: "image";
  readonly name: string;
  readonly input: string;
  readonly layout: "NHWC" | "NCHW";
  /** Lowest and highest value of an element, in the tensor's units. */
  readonly range: readonly [low: number, high: number];
}

export interface SubjectValues {
  readonly kind: "values";
  readonly name: string;
  readonly input: string;
  /** First element in the flattened tensor. */
  readonly start: number;
  readonly size: number;
  /** First elements at earlier times, each of `size` elements, where the tensor holds a window in time. */
  readonly earlier?: readonly number[];
  /** True where the policy carries these values from its last tick, zeros at the first. */
  readonly isCarried?: boolean;
  /** Reference of relevance, one value per element, in the tensor's units (methods.md §0.8). */
  readonly reference: { readonly kind: string; readonly values: ArrayLike<number> };
}

/** First elements of a modality in its flattened tensor, one per time step in their order. */
export const startsOf = ({ start, earlier = [] }: Pick<SubjectValues, "start" | "earlier">): readonly number[] => [
  ...earlier,
  start,
];

/** Axes of height and width in an image's tensor with any leading axes. */
export function heightAndWidth(shape: readonly number[], { layout }: SubjectImage): readonly [number, number] {
  const rank = shape.length;
  return layout === "NHWC" ? [rank - 3, rank - 2] : [rank - 2, rank - 1];
}
