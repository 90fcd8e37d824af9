import type { CameraView, Image, Region } from "./image.js";
import { ImageError } from "./image-error.js";
import { opticsOf } from "./optics.js";
import { fits, type ImageEncoding, pixelsOf } from "./pixel-formats.js";
import { type ResizeFilter, Resizer } from "./resize.js";

/** Filter that errors suggest. */
const SUGGESTED: ResizeFilter = "antialias";
/** The keys of a card that take images of another size. */
export const sizeKeys = (modality: string): string =>
  `or keys for ${modality} in the card: "crop: centre" and "resize: ${SUGGESTED}" for images of another size, as in training`;

/** An image input of a policy, as its card describes it. */
export interface ImageInput {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly encoding: ImageEncoding;
  /** Part of the camera's image that the policy sees; undefined for all of it. */
  readonly crop: "centre" | Region | undefined;
  /** How that part is resized; undefined where it must have the policy's size. */
  readonly resize: ResizeFilter | undefined;
}

/** A camera's image as the policy sees it, and the whole image where they differ. */
export interface Framed {
  readonly image: Image;
  readonly view?: CameraView;
}

/**
 * The part of a camera's image that the card says the policy sees.
 * @throws ImageError naming the key to add, where the image has another size than the policy's
 */
export function regionOf(input: ImageInput, width: number, height: number): Region {
  const { crop, resize, name } = input;
  const size = `${width}×${height}`;
  const expected = `${input.width}×${input.height}`;
  if (crop === undefined) {
    if (resize !== undefined || (width === input.width && height === input.height)) return [0, 0, width, height];
    throw new ImageError("size", `an image of ${size}, expected ${expected}, ${sizeKeys(name)}`);
  }
  if (crop !== "centre") {
    const [x, y, w, h] = crop;
    if (x + w <= width && y + h <= height) return [x, y, w, h];
    const other = `or "crop: centre" with "resize: ${SUGGESTED}" for ${name} in the card`;
    const held = `expected one that holds the card's crop [${crop.join(", ")}]`;
    throw new ImageError("size", `an image of ${size}, ${held}, ${other}`);
  }
  const [w, h] = resize === undefined ? [input.width, input.height] : largest(input, width, height);
  if (w <= width && h <= height) return [(width - w) >> 1, (height - h) >> 1, w, h];
  const key = `or for ${name} in the card the key "resize: ${SUGGESTED}" beside crop`;
  throw new ImageError("size", `an image of ${size}, expected one that holds the policy's ${expected}, ${key}`);
}

/** The largest size within width × height that has the policy's proportions, whole pixels. */
function largest(policy: ImageInput, width: number, height: number): [width: number, height: number] {
  const scale = Math.min(width / policy.width, height / policy.height);
  const within = (size: number, most: number) => Math.min(most, Math.max(1, Math.round(size * scale)));
  return [within(policy.width, width), within(policy.height, height)];
}

/** Crops and resizes one camera's images as the card says. Keeps the resizing tables of the last image size. */
export class Framing {
  #resizer: Resizer | undefined;

  constructor(readonly input: ImageInput) {}

  /**
   * Checks that an image of this encoding can be shown to the policy.
   * @throws ImageError for depth where the policy sees colours or grey, and the other way around
   */
  checkEncoding(encoding: ImageEncoding): void {
    const expected = this.input.encoding;
    if (fits(encoding, expected)) return;
    throw new ImageError("encoding", `pixels of ${encoding}, expected pixels of ${expected}, which the policy sees`);
  }

  /** @throws ImageError for an image whose encoding or size does not fit the policy */
  frame(image: Image): Framed {
    this.checkEncoding(image.encoding);
    const region = regionOf(this.input, image.width, image.height);
    const { width, height } = this.input;
    const [x, y, w, h] = region;
    const isWhole = w === image.width && h === image.height;
    if (isWhole && w === width && h === height) return { image };
    const data = w === width && h === height ? cropped(image, region) : this.#resized(image, region);
    const optics = image.optics && opticsOf(image.optics, region, width, height);
    const framed = { ...image, width, height, data };
    return { image: optics ? { ...framed, optics } : framed, view: { image, region: [x, y, w, h] } };
  }

  #resized(image: Image, region: Region): Uint8Array {
    const { channels, bits } = pixelsOf(image.encoding);
    const { width, height, resize, name } = this.input;
    if (resize === undefined) throw new Error(`${name}: a region of another size without resize`);
    const made = this.#resizer;
    const isSame = made?.channels === channels && made.region.every((number, i) => number === region[i]);
    const resizer = isSame ? made : new Resizer(resize, region, width, height, channels);
    this.#resizer = resizer;
    if (bits === 8) return resizer.resize(image.data, image.width * channels);
    return new Uint8Array(resizer.resize(wordsOf(image.data), image.width).buffer);
  }
}

function cropped({ data, width, encoding }: Image, [x, y, w, h]: Region): Uint8Array {
  const { bytes } = pixelsOf(encoding);
  const result = new Uint8Array(w * h * bytes);
  for (let row = 0; row < h; row++) {
    const from = ((y + row) * width + x) * bytes;
    result.set(data.subarray(from, from + w * bytes), row * w * bytes);
  }
  return result;
}

/** Little-endian words; copied where the bytes are not aligned to words. */
function wordsOf(data: Uint8Array): Uint16Array {
  // Not `slice`: that of a Buffer is no copy.
  const aligned = data.byteOffset % 2 === 0 ? data : new Uint8Array(data);
  return new Uint16Array(aligned.buffer, aligned.byteOffset, aligned.length / 2);
}
