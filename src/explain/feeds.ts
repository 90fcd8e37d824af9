import { InputError } from "../errors.js";
import { DTYPES, type DType } from "../graph/dtype.js";
import { sizeOf } from "../graph/shape.js";
import type { Image } from "../image/image.js";
import { fits, pixelsOf } from "../image/pixel-formats.js";
import { own, put } from "../own.js";
import { toldOf } from "../policy/language.js";
import type { ImageModality, ValueModality } from "../policy/modalities.js";
import type { Policy } from "../policy/policy.js";
import { startsOf } from "../relevance/contract/subject.js";
import type { TensorData } from "../runtime/session.js";
import { Memory, type Window } from "./memory.js";
import type { Observation } from "./observation.js";

/** Luma of ITU-R BT.601, for colour images shown to a policy that sees grey. */
const LUMA = [0.299, 0.587, 0.114] as const;

/**
 * The policy's input tensors for one observation.
 * @param window the observation with the earlier ones that the policy sees; by default it is the first of an episode
 * @throws InputError for a missing modality, an image of another size, a wrong number of elements, or NaN
 */
export function feedsOf(
  policy: Policy,
  observation: Pick<Observation, "images" | "values" | "instruction">,
  window: Window = new Memory(policy).add(observation, (first) => first),
): Record<string, TensorData> {
  const feeds: Record<string, TensorData> = {};
  const told = toldOf(policy, observation.instruction)?.values;
  for (const [name, { dtype, shape }] of policy.graph.inputs) {
    const image = policy.modalities.find((m): m is ImageModality => m.kind === "image" && m.input === name);
    const data = new DTYPES[dtype].array(sizeOf(shape));
    for (const [t, frame] of image ? own(window.images, image.name)!.entries() : [])
      fillImage(data as Float32Array, image!, frame ?? misplaced(image!, observation), t);
    for (const modality of policy.modalities)
      if (modality.kind === "values" && modality.input === name)
        for (const [t, start] of startsOf(modality).entries())
          fillValues(data, dtype, modality, start, own(told, modality.name) ?? own(window.values, modality.name)![t]);
    put(feeds, name, own(window.carried, name) ?? { dtype, shape, data });
  }
  return feeds;
}

/** Numbers where an image belongs, such as the bytes of a file. @throws InputError */
function misplaced(
  { name, width, height, channels }: ImageModality,
  { values }: Pick<Observation, "values">,
): undefined {
  const numbers = own(values, name);
  if (numbers === undefined) return undefined;
  const expected = `expected an image of ${width}×${height} pixels: width, height and width × height × ${channels} bytes of data`;
  throw new InputError(`${name}: found ${numbers.length} numbers, ${expected} (decodeFile decodes a PNG or JPEG file)`);
}

type NumberArray = InstanceType<(typeof DTYPES)[DType]["array"]>;

function fillValues(
  into: NumberArray,
  dtype: DType,
  { name, size, elements, isCarried, isTold }: ValueModality,
  start: number,
  values: Float64Array | undefined,
): void {
  if (values === undefined && isCarried) return; // Zeros at the first tick of an episode.
  if (values === undefined && isTold) throw new InputError(`${name}: the observation has no instruction`);
  if (values?.length !== size)
    throw new InputError(
      `${name}: expected ${size} elements (${elements.join(", ")}), found ${values?.length ?? "none"}`,
    );
  const isWhole = into instanceof BigInt64Array || !(into instanceof Float32Array || into instanceof Float64Array);
  values.forEach((value, i) => {
    if (!Number.isFinite(value)) throw new InputError(`${name}: element ${elements[i]} is ${value}`);
    if (isWhole && !Number.isInteger(value))
      throw new InputError(`${name}: element ${elements[i]} is ${value}, expected a whole number`);
    if (into instanceof BigInt64Array || into instanceof BigUint64Array) into[start + i] = BigInt(value);
    else into[start + i] = value;
    const held = Number(into[start + i]);
    if (isWhole ? held !== value : !Number.isFinite(held))
      throw new InputError(
        `${name}: element ${elements[i]} is ${value}, which does not fit ${dtype === "float32" ? "a 32-bit float" : dtype}`,
      );
  });
}

/** Fills image number `frame` of a window, in order of time. */
function fillImage(into: Float32Array, modality: ImageModality, image: Image | undefined, frame: number): void {
  const { name, width, height, channels, layout, encoding, scale } = modality;
  if (!image) throw new InputError(`${name}: the observation has no image of this name`);
  if (image.width !== width || image.height !== height)
    throw new InputError(
      `${name}: expected an image of ${width}×${height} pixels, found ${image.width}×${image.height}`,
    );
  const { bytes, bits, rgb } = pixelsOf(image.encoding);
  if (image.data.length !== width * height * bytes)
    throw new InputError(
      `${name}: expected ${width * height * bytes} bytes of ${image.encoding}, found ${image.data.length}`,
    );
  if (!fits(image.encoding, encoding))
    throw new InputError(`${name}: expected an image of ${encoding}, found ${image.encoding}`);
  const { data } = image;
  const pixels = width * height;
  const [low] = modality.range;
  const isInterleaved = layout === "NHWC" && modality.stacking === "channels" && modality.frames > 1;
  const origin = frame * (isInterleaved ? channels : width * height * channels);
  if (bits === 16) {
    const step = isInterleaved ? modality.frames : 1;
    for (let p = 0; p < pixels; p++) into[origin + p * step] = low + scale * (data[2 * p]! + 256 * data[2 * p + 1]!);
    return;
  }
  if (layout === "NHWC" && !isInterleaved && image.encoding === encoding && scale === 1 && low === 0) {
    into.set(data, origin);
    return;
  }
  const pixelValues = Float64Array.from({ length: 256 }, (_, byte) => low + scale * byte);
  // Distance in the tensor from one pixel to the next, and from one channel to the next.
  const step = layout === "NHWC" ? channels * (isInterleaved ? modality.frames : 1) : 1;
  const plane = layout === "NHWC" ? 1 : pixels;
  const [red, green, blue] = rgb;
  if (channels === 1) {
    for (let p = 0, at = 0, to = origin; p < pixels; p++, at += bytes, to += step) {
      const grey = LUMA[0] * data[at + red]! + LUMA[1] * data[at + green]! + LUMA[2] * data[at + blue]!;
      into[to] = pixelValues[Math.round(grey)]!;
    }
    return;
  }
  const [first, last] = pixelsOf(encoding).rgb[0] === 0 ? [red, blue] : [blue, red];
  // All channels of a pixel in one pass: three passes take three times as long.
  for (let p = 0, at = 0, to = origin; p < pixels; p++, at += bytes, to += step) {
    into[to] = pixelValues[data[at + first]!]!;
    into[to + plane] = pixelValues[data[at + green]!]!;
    into[to + 2 * plane] = pixelValues[data[at + last]!]!;
  }
}
