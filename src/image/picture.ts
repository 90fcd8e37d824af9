import sharp, { type Metadata, type Sharp } from "sharp";
import { own } from "../own.js";
import { fromCmyk } from "./cmyk.js";
import { checkSize, ImageError } from "./image-error.js";

const startsWith =
  (...magic: readonly number[]) =>
  (file: Uint8Array): boolean =>
    magic.every((byte, i) => file[i] === byte);

export const isJpeg = startsWith(0xff, 0xd8, 0xff);
export const isPng = startsWith(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

/** Layout of a file's decoded pixels. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** Red, green and blue, or grey; transparency is left out. */
  readonly channels: 1 | 3;
  /** Bits of a sample; those of 16 bits are little-endian. */
  readonly bits: 8 | 16;
}

/** An image file, as cv::imdecode reads it unchanged: without its colour profile, and not turned by its EXIF tags. */
const open = (file: Uint8Array, failOn: "warning" | "error"): Sharp =>
  sharp(file, { limitInputPixels: false, ignoreIcc: true, failOn });

/** Facts about a file before its pixels are decoded. @throws ImageError (as a rejection) for a damaged one */
export const metadataOf = (file: Uint8Array): Promise<Metadata> => intact(() => open(file, "error").metadata());

/** True for a file without transparent pixels. @throws ImageError (as a rejection) for a damaged one */
export const isOpaque = async (file: Uint8Array): Promise<boolean> =>
  (await intact(() => open(file, "error").stats())).isOpaque;

/**
 * Layout of a file's decoded pixels; undefined for samples other than 8 or 16 bits.
 * @throws ImageError for no pixels or too many
 */
export function pictureOf({ width, height, space, depth }: Metadata): Picture | undefined {
  const bits = own({ uchar: 8, ushort: 16 }, depth as string);
  if (bits !== 8 && bits !== 16) {
    checkSize(width, height);
    return undefined;
  }
  const channels = space === "b-w" || space === "grey16" ? 1 : 3;
  checkSize(width, height, (channels * bits) / 8);
  return { width, height, channels, bits };
}

/**
 * Decodes a file. Where a decoder warns of damage (stray bytes in a JPEG), its pixels are used as OpenCV uses them, and
 * `fault` is the warning.
 * @throws ImageError (as a rejection) for a file that is truncated or cannot be decoded
 */
export async function pixelsOfFile(
  file: Uint8Array,
  metadata: Metadata,
  picture: Picture,
): Promise<{ data: Uint8Array; fault?: string }> {
  const decode = (failOn: "warning" | "error") => pixelsIn(open(file, failOn), metadata, picture);
  try {
    return { data: await decode("warning") };
  } catch (warning) {
    const fault = damage(warning as Error);
    const data = await decode("error").catch(() => {
      throw new ImageError("damaged", fault);
    });
    return { data, fault };
  }
}

async function pixelsIn(file: Sharp, { space }: Metadata, { channels, bits }: Picture): Promise<Uint8Array> {
  if (space === "cmyk") return fromCmyk(await file.pipelineColourspace("cmyk").toColourspace("cmyk").raw().toBuffer());
  // Both are needed: one alone gives values of 8 bits in words of 16.
  const kept = channels === 1 ? (bits === 16 ? "grey16" : "b-w") : bits === 16 ? "rgb16" : "srgb";
  const depth = bits === 16 ? "ushort" : "uchar";
  const { buffer, byteOffset, length } = await file.removeAlpha().toColourspace(kept).raw({ depth }).toBuffer();
  return new Uint8Array(buffer, byteOffset, length);
}

/** A step of decoding a file. @throws ImageError (as a rejection) where the file is damaged */
async function intact<T>(step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    throw new ImageError("damaged", damage(error as Error));
  }
}

/** Line before the reason in some messages of the decoder. */
const PREAMBLE = /^Warning treated as error.*\n/;

const damage = ({ message }: Error): string => `the image is damaged (${message.replace(PREAMBLE, "").split("\n")[0]})`;
