import { InputError } from "../errors.js";
import type { Image } from "../image/image.js";
import type { Observation } from "./observation.js";

/** An image as `decodeFile` gives it, or pixels: `rgb8` unless `encoding` says otherwise. */
export type ObservedImage = Partial<Image> & Pick<Image, "width" | "height" | "data">;

/**
 * Images, and elements in the policy card's order and SI units, by modality. Modalities that the policy lacks are
 * ignored, so that one observation serves several policies.
 */
export type Observed = Readonly<Record<string, ObservedImage | ArrayLike<number>>>;

/**
 * The observation of one moment from images and elements alone. `rest` overrides what is filled in: tick 0, the time
 * now, importance 1 for every torque with the flag `importance_unknown`, no joint states and no link poses.
 * @throws InputError for what is neither an image nor an array of numbers
 */
export function observe(observed: Observed, rest: Partial<Omit<Observation, "images" | "values">> = {}): Observation {
  const images: [string, Image][] = [];
  const values: [string, Float64Array][] = [];
  for (const [name, given] of Object.entries(observed)) {
    if (isImage(given)) images.push([name, { encoding: "rgb8", frameId: "", ...given }]);
    else if (isNumbers(given)) values.push([name, Float64Array.from(given)]);
    else throw new InputError(`${name}: expected an image (width, height, data) or an array of numbers`);
  }
  return {
    tick: 0,
    stamp: BigInt(Date.now()) * 1_000_000n,
    joints: { names: [], position: new Float64Array(0), velocity: new Float64Array(0) },
    importance: new Float64Array(0),
    flags: rest.importance ? [] : ["importance_unknown"],
    transforms: [],
    ...rest,
    // As own properties, whatever the names are.
    images: Object.fromEntries(images),
    values: Object.fromEntries(values),
  };
}

function isImage(given: unknown): given is ObservedImage {
  const { width, height, data } = (given ?? {}) as Partial<Image>;
  return Number.isInteger(width) && Number.isInteger(height) && data instanceof Uint8Array;
}

function isNumbers(given: unknown): given is ArrayLike<number> {
  const isArray = Array.isArray(given) || (ArrayBuffer.isView(given) && !(given instanceof DataView));
  return isArray && Array.from(given as ArrayLike<unknown>).every((element) => typeof element === "number");
}
