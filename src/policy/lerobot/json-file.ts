import type * as z from "zod";
import { InputError } from "../../errors.js";
import { readIfThere } from "../../files/reading.js";
import { schemaError } from "../../yaml/schema-error.js";

/** Reads a JSON file by a schema; undefined where there is none. @throws InputError for one that does not fit */
export async function readJson<Schema extends z.ZodType>(
  path: string,
  what: string,
  schema: Schema,
): Promise<z.output<Schema> | undefined> {
  const bytes = await readIfThere(path, what);
  if (!bytes) return undefined;
  let data: unknown;
  try {
    data = JSON.parse(bytes.toString());
  } catch {
    throw new InputError(`${path}: not JSON, expected ${what}`);
  }
  const result = schema.safeParse(data);
  if (!result.success) throw schemaError(path, data, result.error.issues);
  return result.data;
}
