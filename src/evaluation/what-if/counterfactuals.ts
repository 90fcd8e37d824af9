import { InputError } from "../../errors.js";
import type { Image, Region } from "../../image/image.js";
import { pixelsOf } from "../../image/pixel-formats.js";
import { own } from "../../own.js";
import type { Given } from "./many.js";

/** What a counterfactual may take its values from. */
export interface Sources {
  /** The observation that is changed. */
  readonly now: Given;
  /** All observations of its run. */
  readonly run: readonly Given[];
  /** The run's observation at a time, seconds from its start. */
  readonly at: (seconds: number) => Given;
  /** Another run's observation in the same phase. @throws InputError for an unknown one */
  readonly other: (run: string) => Given;
  /** What was true, and the image without an object; of an episode that is simulated again. */
  readonly truth?: () => Given;
  readonly without?: (object: string) => Image;
}

/** Replaces one modality, or a region of an image. */
export interface Replacement {
  readonly modality: string;
  /** `mean`, `blurred`, `zero`, `at:SECONDS`, `true`, `without:OBJECT`, or the name of another run. */
  readonly by: string;
  /** Part of an image, pixels; left out: all of it. */
  readonly region?: Region | undefined;
}

type Make = (argument: string, sources: Sources, modality: string) => Image | Float64Array;

/** Means of a run by modality: many regions are replaced by the same one. */
const means = new WeakMap<Sources["run"], Map<string, Image | Float64Array>>();

/** Ways to replace a value, by name; any other name is that of a run. */
const WAYS: Readonly<Record<string, Make>> = {
  mean: (_, { run }, modality) => {
    const known = means.get(run) ?? new Map<string, Image | Float64Array>();
    means.set(run, known);
    const mean = known.get(modality) ?? meanOf(run.map((given) => givenValue(given, modality)));
    known.set(modality, mean);
    return mean;
  },
  zero: (_, { now }, modality) => mapped(givenValue(now, modality), () => 0),
  blurred: (_, { now }, modality) => {
    const value = givenValue(now, modality);
    if (value instanceof Float64Array) throw new InputError(`${modality}=blurred: expected an image`);
    return blurred(value);
  },
  at: (seconds, { at }, modality) => {
    const time = Number(seconds);
    if (seconds === "" || !Number.isFinite(time) || time < 0)
      throw new InputError(`${modality}=at:${seconds}: expected seconds from the run's start, such as at:1.5`);
    return givenValue(at(time), modality);
  },
  true: (_, { truth }, modality) => givenValue(simulated(truth, `${modality}=true`)(), modality),
  without: (object, { without, now }, modality) => {
    if (!own(now.images, modality)) throw new InputError(`${modality}=without:${object}: expected an image`);
    return simulated(without, `${modality}=without:${object}`)(object);
  },
};

/** What only a simulated episode has. */
function simulated<T>(source: T | undefined, what: string): T {
  if (!source) throw new InputError(`${what}: needs --outcome, which simulates the run again`);
  return source;
}

/** `image=mean`, `image=run7`, `joint_velocity=at:1.5`. @throws InputError */
export function parseReplacement(text: string, modalities: readonly string[]): Omit<Replacement, "region"> {
  const at = text.indexOf("=");
  const [modality, by] = [text.slice(0, at), text.slice(at + 1)];
  if (at <= 0 || by === "") throw new InputError(`--replace ${text}: expected MODALITY=WHAT, such as image=mean`);
  if (!modalities.includes(modality))
    throw new InputError(`--replace ${text}: no modality "${modality}"; expected ${modalities.join(", ")}`);
  return { modality, by };
}

/** The observation with something replaced. @throws InputError where it cannot be */
export function replaced({ modality, by, region }: Replacement, sources: Sources): Given {
  const colon = by.indexOf(":");
  const [name, argument] = colon < 0 ? [by, ""] : [by.slice(0, colon), by.slice(colon + 1)];
  const way = own(WAYS, name);
  const value = way ? way(argument, sources, modality) : givenValue(sources.other(by), modality);
  const { images, values } = sources.now;
  if (value instanceof Float64Array) {
    if (region) throw new InputError(`--region: ${modality} is no image`);
    return { images, values: { ...values, [modality]: value } };
  }
  const image = region ? withRegion(own(images, modality)!, value, region) : value;
  return { images: { ...images, [modality]: image }, values };
}

function givenValue({ images, values }: Given, modality: string): Image | Float64Array {
  const found = own(images, modality) ?? own(values, modality);
  if (found === undefined) throw new InputError(`${modality}: not in the recording`);
  return found;
}

const mapped = (value: Image | Float64Array, of: (x: number) => number): Image | Float64Array =>
  value instanceof Float64Array ? value.map(of) : { ...value, data: value.data.map(of) };

function meanOf(all: readonly (Image | Float64Array)[]): Image | Float64Array {
  const numbers = all.map((value) => (value instanceof Float64Array ? value : value.data));
  const mean = Float64Array.from(
    numbers[0]!,
    (_, k) => numbers.reduce((sum, one) => sum + one[k]!, 0) / numbers.length,
  );
  const [first] = all;
  return first instanceof Float64Array ? mean : { ...(first as Image), data: Uint8Array.from(mean, Math.round) };
}

/** Means over a square whose side is an eighth of the width. */
function blurred(image: Image): Image {
  const { width, height, data, encoding } = image;
  const bytes = pixelsOf(encoding).bytes;
  const reach = Math.max(1, Math.round(width / 16));
  const along = (from: ArrayLike<number>, dx: number, dy: number) =>
    Float64Array.from({ length: data.length }, (_, k) => {
      const [x, y] = [Math.floor(k / bytes) % width, Math.floor(k / bytes / width)];
      let sum = 0;
      for (let step = -reach; step <= reach; step++) {
        const px = Math.max(0, Math.min(width - 1, x + dx * step));
        const py = Math.max(0, Math.min(height - 1, y + dy * step));
        sum += from[bytes * (py * width + px) + (k % bytes)]!;
      }
      return sum / (2 * reach + 1);
    });
  return { ...image, data: Uint8Array.from(along(along(data, 1, 0), 0, 1), Math.round) };
}

/** An image with a part of another one. @throws InputError for a region beyond its edge */
export function withRegion(image: Image, other: Image, [x, y, width, height]: Region): Image {
  if (x + width > image.width || y + height > image.height)
    throw new InputError(
      `--region ${[x, y, width, height].join(",")}: expected x,y,width,height inside the ${image.width}×${image.height} image`,
    );
  const bytes = pixelsOf(image.encoding).bytes;
  const data = image.data.slice();
  for (let row = y; row < y + height; row++) {
    const from = bytes * (row * image.width + x);
    data.set(other.data.subarray(from, from + bytes * width), from);
  }
  return { ...image, data };
}

/** Squares that cover an image, about as many along each side. */
export function tiles({ width, height }: Pick<Image, "width" | "height">, along: number): Region[] {
  const edges = (size: number) => Array.from({ length: along + 1 }, (_, k) => Math.round((k * size) / along));
  const [xs, ys] = [edges(width), edges(height)];
  return ys
    .slice(0, -1)
    .flatMap((y, r) => xs.slice(0, -1).map((x, c): Region => [x, y, xs[c + 1]! - x, ys[r + 1]! - y]));
}
