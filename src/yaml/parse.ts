import type * as z from "zod";
import { InputError } from "../errors.js";
import { yamlDocument } from "./document.js";
import { schemaError } from "./schema-error.js";

/**
 * Reads YAML by a schema whose error texts say what is *expected*. `source` names the file in messages.
 * @throws InputError, one line naming the key path, what was found and what was expected
 */
export function parseYaml<Schema extends z.ZodType>(text: string, source: string, schema: Schema): z.output<Schema> {
  const data = yamlData(text, source);
  const result = schema.safeParse(data);
  if (!result.success) throw schemaError(source, data, result.error.issues);
  return result.data;
}

/** The values of a YAML document. @throws InputError, one line, for text that is not YAML */
export function yamlData(text: string, source: string): unknown {
  const document = yamlDocument(text, source);
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw new InputError(`${source}: not YAML: ${(error as Error).message}`);
  }
}
