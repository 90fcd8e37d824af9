import type { Metadata, Sharp } from "sharp";
import { ImageError } from "./image-error.js";

/** True for a file of grey pixels. */
export const isGrey = ({ space }: Metadata): boolean => space === "b-w" || space === "grey16";

/** Pixels of a file without transparency: red, green and blue, or grey; of 16 bits little-endian. @throws ImageError */
export async function pixelsOfFile(
  picture: Sharp,
  { grey, bits }: { grey: boolean; bits: 8 | 16 },
): Promise<Uint8Array> {
  const space = bits === 16 ? "grey16" : grey ? "b-w" : "srgb";
  const opaque = picture.removeAlpha().toColourspace(space);
  const { buffer, byteOffset, length } = await intact(
    opaque.raw({ depth: bits === 16 ? "ushort" : "uchar" }).toBuffer(),
  );
  return new Uint8Array(buffer, byteOffset, length);
}

/** A step of decoding a file. @throws ImageError (as a rejection) where the file is damaged */
export function intact<T>(step: Promise<T>): Promise<T> {
  return step.catch((error: Error) => {
    throw new ImageError("damaged", `the image is damaged (${error.message.split("\n")[0]})`);
  });
}
