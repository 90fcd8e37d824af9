import type { CameraView, Image, ImageEncoding } from "../explain/observation.js";
import type { ImageModality } from "../policy/modalities.js";
import { opticsOf } from "../sensing/optics.js";
import { ImageError } from "./image-error.js";
import { bytesPerPixel } from "./overlay.js";
import { type Region, Resizer } from "./resize.js";

/** A camera's image as the policy sees it, and the whole image where that is another. */
export interface Framed {
  readonly image: Image;
  readonly view?: CameraView;
}

/**
 * The part of a camera's image that the card says the policy sees.
 * @throws ImageError naming the key to add, where the image has another size than the policy's
 */
export function regionOf(modality: ImageModality, width: number, height: number): Region {
  const { crop, resize, name } = modality;
  const size = `${width}×${height}`;
  const wanted = `${modality.width}×${modality.height}`;
  if (crop === undefined) {
    if (resize !== undefined || (width === modality.width && height === modality.height)) return [0, 0, width, height];
    throw new ImageError("size", `an image of ${size}, expected ${wanted}, or the key resize for ${name} in the card`);
  }
  if (crop !== "centre") {
    const [x, y, w, h] = crop;
    if (x + w <= width && y + h <= height) return [x, y, w, h];
    throw new ImageError("size", `an image of ${size}, expected one that holds the card's crop [${crop.join(", ")}]`);
  }
  const [w, h] = resize === undefined ? [modality.width, modality.height] : largest(modality, width, height);
  if (w <= width && h <= height) return [(width - w) >> 1, (height - h) >> 1, w, h];
  const key = `or the key resize for ${name} in the card`;
  throw new ImageError("size", `an image of ${size}, expected one that holds the policy's ${wanted}, ${key}`);
}

/** The largest size within width × height of the policy's proportions, whole pixels. */
function largest(policy: ImageModality, width: number, height: number): [width: number, height: number] {
  const scale = Math.min(width / policy.width, height / policy.height);
  const within = (size: number, most: number) => Math.min(most, Math.max(1, Math.round(size * scale)));
  return [within(policy.width, width), within(policy.height, height)];
}

/** Crops and resizes one camera's images as the card says. Keeps the tables of the last size it saw. */
export class Framing {
  #resizer: Resizer | undefined;

  constructor(readonly modality: ImageModality) {}

  /**
   * Whether an image of this encoding can be shown to the policy.
   * @throws ImageError where it cannot: depth to a policy that sees colours or grey, or the other way around
   */
  checkEncoding(encoding: ImageEncoding): void {
    const wanted = this.modality.encoding;
    if ((encoding === "16UC1") === (wanted === "16UC1")) return;
    throw new ImageError("encoding", `pixels of ${encoding}, expected ones of ${wanted}, which the policy sees`);
  }

  /** @throws ImageError for an image that does not fit the policy, its encoding or its size */
  frame(image: Image): Framed {
    this.checkEncoding(image.encoding);
    const region = regionOf(this.modality, image.width, image.height);
    const { width, height } = this.modality;
    const [x, y, w, h] = region;
    const isWhole = w === image.width && h === image.height;
    if (isWhole && w === width && h === height) return { image };
    const bytes = bytesPerPixel(image.encoding);
    const data =
      w === width && h === height
        ? cropped(image, region, bytes)
        : this.#resized(image, region, image.encoding === "16UC1" ? 1 : (bytes as 1 | 3 | 4));
    const optics = image.optics && opticsOf(image.optics, region, width, height);
    const framed = { ...image, width, height, data };
    return { image: optics ? { ...framed, optics } : framed, view: { image, region: [x, y, w, h] } };
  }

  #resized(image: Image, region: Region, channels: 1 | 3 | 4): Uint8Array {
    const { width, height, resize, name } = this.modality;
    if (resize === undefined) throw new Error(`${name}: a region of another size without resize`);
    const made = this.#resizer;
    const isSame = made?.channels === channels && made.region.every((number, i) => number === region[i]);
    const resizer = isSame ? made : new Resizer(resize, region, width, height, channels);
    this.#resizer = resizer;
    if (image.encoding !== "16UC1") return resizer.resize(image.data, image.width * channels);
    return new Uint8Array(resizer.resize(wordsOf(image.data), image.width).buffer);
  }
}

function cropped({ data, width }: Image, [x, y, w, h]: Region, bytes: number): Uint8Array {
  const result = new Uint8Array(w * h * bytes);
  for (let row = 0; row < h; row++) {
    const from = ((y + row) * width + x) * bytes;
    result.set(data.subarray(from, from + w * bytes), row * w * bytes);
  }
  return result;
}

/** Little-endian words; copied where the bytes do not lie on a word's boundary. */
function wordsOf(data: Uint8Array): Uint16Array {
  // Not `slice`: that of a Buffer is no copy.
  const aligned = data.byteOffset % 2 === 0 ? data : new Uint8Array(data);
  return new Uint16Array(aligned.buffer, aligned.byteOffset, aligned.length / 2);
}
