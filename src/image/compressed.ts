import sharp from "sharp";
import type { CompressedImage } from "./camera-message.js";
import type { Image } from "./image.js";
import { checkSize, ImageError } from "./image-error.js";
import { intact, isGrey, pixelsOfFile } from "./picture.js";
import { FILE_ENCODINGS } from "./pixel-formats.js";

/** First bytes of the files that are read. The decoder reads other files too; those are refused. */
const MAGIC = { JPEG: [0xff, 0xd8, 0xff], PNG: [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a] } as const;
/** Bytes that compressed_depth_image_transport writes before a PNG: its format and two parameters of 4 bytes. */
const DEPTH_HEADER = 12;

/**
 * Decodes a JPEG or PNG to one of `FILE_ENCODINGS`. `format` is read as image_transport's plugins write it: `jpeg`,
 * `png`, `rgb8; jpeg compressed bgr8`, `16UC1; compressedDepth png`.
 * @throws ImageError (as a rejection) for other files, colours of 16 bits, too many pixels, or a damaged file
 */
export async function decompress({ header, format, data }: CompressedImage): Promise<Image> {
  const file = format.includes("compressedDepth") ? data.subarray(DEPTH_HEADER) : data;
  if (!Object.values(MAGIC).some((magic) => magic.every((byte, i) => file[i] === byte))) {
    const found = `${file.length} bytes of format ${JSON.stringify(format.slice(0, 40))}`;
    throw new ImageError("encoding", `found ${found}, expected a ${Object.keys(MAGIC).join(" or ")} file`);
  }
  const picture = sharp(file, { limitInputPixels: false, ignoreIcc: true });
  const found = await intact(picture.metadata());
  checkSize(found.width, found.height);
  const grey = isGrey(found);
  const bits = grey && found.depth === "ushort" ? 16 : 8;
  if (!grey && found.depth !== "uchar") {
    throw new ImageError("encoding", `found a colour image of ${found.depth} samples, expected 8 bits a channel`);
  }
  return {
    width: found.width,
    height: found.height,
    frameId: header.frame_id,
    encoding: FILE_ENCODINGS[grey ? (bits === 16 ? "grey16" : "grey8") : isSwapped(format) ? "bgr" : "rgb"],
    data: await pixelsOfFile(picture, { grey, bits }),
  };
}

/** cv_bridge's plugins write `compressed bgr8` for files of true colours; in other files red and blue are swapped. */
const isSwapped = (format: string): boolean => format.includes("compressed rgb");
