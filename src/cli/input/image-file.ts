import { InputError } from "../../errors.js";
import { readWhole } from "../../files/reading.js";
import { type Framed, Framing } from "../../image/framing.js";
import { ImageError } from "../../image/image-error.js";
import { decodeFile } from "../../image/image-file.js";
import type { ImageModality } from "../../policy/modalities.js";

/**
 * Reads a PNG, JPEG, WebP, … as the policy sees it: cropped and resized as its card says, with the whole image beside it.
 * @throws InputError naming the file, for one that cannot be read or does not fit the policy (`decodeFile`)
 */
export async function readView(path: string, modality: ImageModality): Promise<Framed> {
  const bytes = await readWhole(path, "the image");
  try {
    return new Framing(modality).frame(await decodeFile(bytes, modality));
  } catch (error) {
    throw error instanceof ImageError ? new InputError(`${path}: ${error.message}`) : error;
  }
}
