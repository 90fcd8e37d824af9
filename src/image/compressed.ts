import sharp, { type Metadata, type Sharp } from "sharp";
import type { Image } from "../explain/observation.js";
import type { CompressedImageMessage } from "../messages/types.js";
import { checkSize, ImageError } from "./image-error.js";

/** First bytes of the files that are read, whatever else the decoder would take. */
const MAGIC = { JPEG: [0xff, 0xd8, 0xff], PNG: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] } as const;
/** What compressed_depth_image_transport puts in front of a PNG: its format and two parameters of 4 bytes. */
const DEPTH_HEADER = 12;

/**
 * A JPEG or PNG as an image: rgb8, mono8 for grey, 16UC1 for grey of 16 bits. `format` is read as image_transport's
 * plugins write it: `jpeg`, `png`, `rgb8; jpeg compressed bgr8`, `16UC1; compressedDepth png`.
 * @throws ImageError (as a rejection) for other files, colours of 16 bits, absurd sizes, or a damaged file
 */
export async function decompress({ header, format, data }: CompressedImageMessage): Promise<Image> {
  const file = format.includes("compressedDepth") ? data.subarray(DEPTH_HEADER) : data;
  if (!Object.values(MAGIC).some((magic) => magic.every((byte, i) => file[i] === byte))) {
    const found = `${file.length} bytes of format ${JSON.stringify(format.slice(0, 40))}`;
    throw new ImageError("encoding", `found ${found} that are neither, expected ${Object.keys(MAGIC).join(" or ")}`);
  }
  const picture = sharp(file, { limitInputPixels: false, ignoreIcc: true });
  const found = await damaged(picture.metadata());
  checkSize(found.width, found.height);
  const pixels = { width: found.width, height: found.height, frameId: header.frame_id };
  const isGrey = found.space === "b-w" || found.space === "grey16";
  if (isGrey) return { ...pixels, ...(await grey(picture, found)) };
  if (found.depth !== "uchar") {
    throw new ImageError("encoding", `found a colour image of ${found.depth} samples, expected 8 bits a channel`);
  }
  const bytes = await damaged(picture.toColourspace("srgb").removeAlpha().raw().toBuffer());
  return { ...pixels, encoding: isSwapped(format) ? "bgr8" : "rgb8", data: own(bytes) };
}

async function grey(picture: Sharp, found: Metadata): Promise<Pick<Image, "encoding" | "data">> {
  const opaque = picture.removeAlpha();
  if (found.depth === "ushort") {
    const words = await damaged(opaque.toColourspace("grey16").raw({ depth: "ushort" }).toBuffer());
    return { encoding: "16UC1", data: own(words) };
  }
  return { encoding: "mono8", data: own(await damaged(opaque.toColourspace("b-w").raw().toBuffer())) };
}

/** cv_bridge's plugins write `compressed bgr8` for files of true colours, else the file's red is the image's blue. */
const isSwapped = (format: string): boolean => format.includes("compressed rgb");

const own = (bytes: Buffer): Uint8Array => new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);

async function damaged<T>(reading: Promise<T>): Promise<T> {
  return reading.catch((error: Error) => {
    throw new ImageError("damaged", `the compressed image is damaged (${error.message.split("\n")[0]})`);
  });
}
