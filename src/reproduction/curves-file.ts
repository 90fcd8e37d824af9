import { existsSync } from "node:fs";
import type * as z from "zod";
import { InputError } from "../errors.js";
import { readText } from "../files/reading.js";

/**
 * The curves of a policy's training from the file beside it, NAME.curves.json: a copy of `curves.json` of its run folder.
 * @param command that writes them
 * @returns undefined where there is no such file. @throws InputError for one with other contents
 */
export async function curvesBeside<T>(
  policy: string,
  schema: z.ZodType<T>,
  command: "train" | "distil",
): Promise<T | undefined> {
  const path = policy.replace(/\.onnx$/, ".curves.json");
  if (!existsSync(path)) return undefined;
  const text = await readText(path, "the curves of the training");
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw new InputError(`${path}: expected the curves.json that torquelens ${command} writes`);
  }
}
