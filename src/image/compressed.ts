import type { CompressedImage, Unpacked } from "./camera-message.js";
import { isCompressedDepth, unpackDepth } from "./compressed-depth.js";
import { ImageError } from "./image-error.js";
import { isJpeg, isPng, metadataOf, type Picture, pictureOf, pixelsOfFile } from "./picture.js";
import { PIXEL_FORMATS } from "./pixel-formats.js";

const COLOURS = /^(rgb|bgr)a?(8|16)$/;
/** Encodings of 16 bits that come as JPEGs of their upper 8. */
const DEEP = /^((rgb|bgr)a?16|mono16|16UC1)$/;

/**
 * Decodes a JPEG or PNG, or depth by `unpackDepth`, to the raw image that image_transport's subscribers make of it.
 * `format` is read as its plugins write it: `ENCODING; CODE compressed FILE_ENCODING`, or the code alone.
 * @throws ImageError (as a rejection) for other files, too many pixels, or a damaged file
 */
export async function unpack({ format, data: file }: Pick<CompressedImage, "format" | "data">): Promise<Unpacked> {
  if (isCompressedDepth(format)) return unpackDepth({ format, data: file });
  if (!isJpeg(file) && !isPng(file)) {
    const found = `${file.length} bytes of format ${JSON.stringify(format.slice(0, 40))}`;
    throw new ImageError("encoding", `found ${found}, expected a JPEG or PNG file`);
  }
  const metadata = await metadataOf(file);
  const picture = pictureOf(metadata);
  if (!picture) throw new ImageError("encoding", `found samples of ${metadata.depth}, expected 8 or 16 bits`);
  const { data, ...fault } = await pixelsOfFile(file, metadata, picture);
  const pixels = { ...picture, data };
  return { ...asNamed(isJpeg(file) && isDeep(format) ? widened(pixels) : pixels, format), ...fault };
}

interface Pixels extends Picture {
  readonly data: Uint8Array;
}

/** The part of a format before its semicolon, the encoding of the image that was compressed; empty where there is none. */
const encodingIn = (format: string): string => (format.includes(";") ? format.slice(0, format.indexOf(";")) : "");

const isDeep = (format: string): boolean => DEEP.test(encodingIn(format));

/** Words of 16 bits whose upper 8 are the samples. */
function widened({ data, ...picture }: Pixels): Pixels {
  const words = new Uint8Array(2 * data.length);
  for (let i = 0; i < data.length; i++) words[2 * i + 1] = data[i]!;
  return { ...picture, bits: 16, data: words };
}

/**
 * A file's pixels under the encoding that the format names. A mosaic is in a grey file. Red and blue of colours are
 * swapped in the file unless the format says `compressed bgr`, by which the plugins mean true colours.
 */
function asNamed({ width, height, channels, bits, data }: Pixels, format: string): Unpacked {
  const named = encodingIn(format);
  const isSwapped = COLOURS.test(named) && !format.includes("compressed bgr");
  const isNamed = PIXEL_FORMATS.get(named)?.bytes === bits / 8;
  const grey = isNamed ? named : bits === 16 ? "16UC1" : "mono8";
  const encoding = channels === 1 ? grey : `${isSwapped ? "bgr" : "rgb"}${bits}`;
  return { width, height, encoding, step: (width * channels * bits) / 8, is_bigendian: 0, data };
}
