import { blankObservation } from "../explain/blank-observation.js";
import type { Observation } from "../explain/observation.js";
import type { Image } from "../image/image.js";
import { pixelsOf } from "../image/pixel-formats.js";
import { own, put } from "../own.js";
import type { ImageModality, ValueModality } from "../policy/modalities.js";
import type { Policy } from "../policy/policy.js";
import { type Random, random } from "../sim/random.js";
import { sliceOf } from "./slice.js";

/** Observations that stand for a recording where there is none. */
const DRAWN = 3;

/** Millimetres and metres of pictures of depth. */
const DEPTH: Readonly<Record<string, readonly [bytes: number, far: number]>> = { "16UC1": [2, 3000], "32FC1": [4, 3] };

/**
 * Pictures like natural ones, in which neighbours are alike (sizes fall as one over their frequency), and values around the
 * card's mean, else its reference. The same each time.
 */
export const drawnObservations = (policy: Policy): Observation[] =>
  Array.from({ length: DRAWN }, (_, i) => {
    const blank = blankObservation(policy);
    const draw = random(i + 1);
    const images: Record<string, Image> = {};
    const values: Record<string, Float64Array> = {};
    for (const modality of policy.modalities)
      if (modality.kind === "image") put(images, modality.name, pictureOf(modality, draw));
      else if (own(blank.values, modality.name) && !modality.isCarried)
        put(values, modality.name, valuesOf(policy, modality, draw));
    return { ...blank, images: { ...blank.images, ...images }, values: { ...blank.values, ...values } };
  });

function valuesOf(policy: Policy, modality: ValueModality, draw: Random): Float64Array {
  const isWhole = !modality.dtype.startsWith("float");
  const { mean, std } = sliceOf(policy, modality) ?? {};
  return modality.reference.values.map((reference, i) => {
    if (isWhole) return Math.round(reference);
    return (mean?.[i] ?? reference) + (std?.[i] ?? 0.5) * draw.normal();
  });
}

function pictureOf({ width, height, encoding }: ImageModality, draw: Random): Image {
  const { bytes } = pixelsOf(encoding);
  const data = new Uint8Array(width * height * bytes);
  const [each, far] = own(DEPTH, encoding) ?? [1, 255];
  const view = new DataView(data.buffer);
  const light = fieldOf(width, height, draw);
  for (let channel = 0; channel < bytes / each; channel++) {
    const tint = fieldOf(width, height, draw);
    light.forEach((value, at) => {
      const level = far * Math.min(1, Math.max(0, 0.45 + 0.5 * value + 0.15 * tint[at]!));
      const place = at * bytes + channel * each;
      if (each === 1) data[place] = Math.round(level);
      else if (each === 2) view.setUint16(place, Math.round(level), true);
      else view.setFloat32(place, level, true);
    });
  }
  return { width, height, encoding, data, frameId: "" };
}

/** Noise on grids of 2, 4, 8, … points a side, each half as strong as the one before. */
function fieldOf(width: number, height: number, draw: Random): Float64Array {
  const field = new Float64Array(width * height);
  for (let points = 2, size = 0.5; points <= Math.max(width, height); points *= 2, size /= 2) {
    const grid = Float64Array.from({ length: (points + 1) ** 2 }, () => size * draw.normal());
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) field[y * width + x]! += at(grid, points, x / width, y / height);
  }
  return field;
}

/** A grid's value between its points, for places from 0 to 1. */
function at(grid: Float64Array, points: number, x: number, y: number): number {
  const [column, row] = [Math.floor(x * points), Math.floor(y * points)];
  const [right, down] = [x * points - column, y * points - row];
  const point = (i: number, j: number) => grid[(row + j) * (points + 1) + column + i]!;
  const line = (j: number) => (1 - right) * point(0, j) + right * point(1, j);
  return (1 - down) * line(0) + down * line(1);
}
