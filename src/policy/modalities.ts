import { largestSample } from "../image/pixel-formats.js";
import { areActions } from "../outputs/kinds.js";
import { own } from "../own.js";
import type { Card, CardImage, CardSlice, Quantity } from "./card-schema.js";
import { isSlices } from "./consistency.js";
import { outputsOf } from "./outputs.js";
import { elementNames, quantityOf, unitOf } from "./quantities.js";
import { axesOf, type Tensor } from "./tensors.js";

/** A camera image as the policy's input tensor expects it. */
export interface ImageModality {
  readonly kind: "image";
  readonly name: string;
  /** Input tensor. */
  readonly input: string;
  readonly width: number;
  readonly height: number;
  /** 3 for colours, 1 for grey and depth. */
  readonly channels: number;
  /** Number of images in time that the tensor holds, the oldest first; 1 for a single one. */
  readonly frames: number;
  /** Order of a window of images in the tensor: along a time axis, or as groups of channels. */
  readonly stacking: "time" | "channels";
  /** height × width × channels. */
  readonly size: number;
  readonly dtype: string;
  readonly encoding: CardImage["encoding"];
  /** Order of the axes of each image. */
  readonly layout: "NHWC" | "NCHW";
  /** Lowest and highest value of a pixel in the tensor's own units. */
  readonly range: readonly [low: number, high: number];
  /** Tensor value = low + scale · sample. */
  readonly scale: number;
  /** Crop of the camera's image; undefined for the whole image. */
  readonly crop: CardImage["crop"];
  /** Method of resizing the crop; undefined where it already has the size. */
  readonly resize: CardImage["resize"];
}

/** A group of elements of a configuration input. */
export interface ValueModality {
  readonly kind: "values";
  readonly name: string;
  /** Input tensor. */
  readonly input: string;
  /** First element in the flattened tensor, at the latest time. */
  readonly start: number;
  readonly size: number;
  /** First elements at earlier times, the oldest first, where the tensor holds a window in time. */
  readonly earlier: readonly number[];
  /** Type of the tensor's elements. */
  readonly dtype: string;
  /** True where the policy feeds it itself, from its outputs at the previous tick. */
  readonly isCarried: boolean;
  /** True where the program fills it from an instruction in words (`Card.language`). */
  readonly isTold: boolean;
  /** One name per element; joint names where the quantity is joint-wise. */
  readonly elements: readonly string[];
  readonly quantity: Quantity;
  /** SI unit, empty where the card gives none. */
  readonly unit: string;
  /** Reference of relevance, one value per element (methods.md §0.8). */
  readonly reference: { readonly kind: "zero" | "mean" | "values"; readonly values: Float64Array };
}

export type Modality = ImageModality | ValueModality;

/**
 * The card's modalities in the order of the model's inputs, then of the slices: the order of every list of shares.
 * `inputs` are the model's input tensors; the card must fit them (`checkCard`).
 */
export function modalitiesOf(card: Card, inputs: readonly Tensor[]): Modality[] {
  return inputs.flatMap((tensor): Modality[] => {
    const input = own(card.inputs, tensor.name);
    if (input === undefined) return [];
    if (!isSlices(input)) return [image(tensor, input)];
    const names = [...new Set(input.map(({ modality }) => modality))];
    return names.map((name) =>
      values(
        card,
        tensor,
        input.filter(({ modality }) => modality === name),
      ),
    );
  });
}

function image(tensor: Tensor, input: CardImage): ImageModality {
  const { frames, height, width, channels: all } = axesOf(tensor.shape, input.layout);
  const [low, high] = input.range;
  const channels = all / (input.frames ?? 1);
  return {
    kind: "image",
    name: input.modality,
    input: tensor.name,
    width,
    height,
    channels,
    frames: input.frames ?? frames,
    stacking: input.frames === undefined ? "time" : "channels",
    size: height * width * channels,
    dtype: tensor.dtype,
    encoding: input.encoding,
    layout: input.layout.endsWith("HWC") ? "NHWC" : "NCHW",
    range: [low, high],
    scale: input.scale ?? (high - low) / largestSample(input.encoding),
    crop: input.crop,
    resize: input.resize,
  };
}

/** The slices of one modality, one per time step: the last is the latest. */
function values(card: Card, tensor: Tensor, slices: readonly CardSlice[]): ValueModality {
  const slice = slices.at(-1)!;
  const elements = elementNames(card, slice) ?? [];
  const reference = own(card.reference, slice.modality) ?? "zero";
  return {
    kind: "values",
    name: slice.modality,
    input: tensor.name,
    start: slice.start,
    size: elements.length,
    earlier: slices.slice(0, -1).map(({ start }) => start),
    dtype: tensor.dtype,
    isCarried: own(card.state, tensor.name) !== undefined,
    isTold: [card.language?.tokens, card.language?.mask, card.language?.count].includes(slice.modality),
    elements,
    quantity: quantityOf(slice),
    unit: unitOf(card, slice),
    reference:
      reference === "zero"
        ? { kind: "zero", values: new Float64Array(elements.length) }
        : "mean" in reference
          ? { kind: "mean", values: Float64Array.from(reference.mean) }
          : { kind: "values", values: Float64Array.from(reference.values) },
  };
}

/** The convention in use, as messages, files and reports name it. */
export function conventionOf(
  card: Card,
  modalities: readonly Modality[],
): { reference: Record<string, string>; featurePoints: "policy" | "corner" | "mean" } {
  const reference = modalities.map((m) => [m.name, m.kind === "image" ? "range" : m.reference.kind]);
  const { origin } = card.feature_points;
  return { reference: Object.fromEntries(reference), featurePoints: typeof origin === "string" ? origin : "mean" };
}

/** Stands for the limit of an output without one, in its unit. */
const UNLIMITED = 0.1;

/**
 * Σα|τ| below which a tick is idle, in the outputs' unit: the card's, else 1e-3 of the sum of their limits, 0.1 of its
 * unit for an output without one (methods.md §0.9). Of actions one counts at a time.
 */
export function idleThreshold(card: Card): number {
  const all = outputsOf(card);
  const counted = areActions(all) ? all.slice(0, 1) : all;
  return card.idle_threshold ?? 1e-3 * counted.reduce((sum, { limit = UNLIMITED }) => sum + limit, 0);
}
