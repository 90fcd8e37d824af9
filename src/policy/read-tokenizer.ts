import { dirname, join } from "node:path";
import { InputError } from "../errors.js";
import { readText } from "../files/reading.js";
import type { TokenizerFiles } from "../language/huggingface.js";

/**
 * Reads a `tokenizer.json`, and the `tokenizer_config.json` beside it, where there is one.
 * @throws InputError for a missing file, or one that is not a JSON object
 */
export async function readTokenizer(path: string): Promise<TokenizerFiles> {
  const configPath = join(dirname(path), "tokenizer_config.json");
  const tokenizer = objectIn(await readText(path, "the tokenizer"), path);
  const config = await readText(configPath, "the tokenizer's settings").catch(() => undefined);
  if (config === undefined) return { path, files: [path], tokenizer, config };
  return { path, files: [path, configPath], tokenizer, config: objectIn(config, configPath) };
}

function objectIn(text: string, path: string): object {
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    throw new InputError(`${path}: not JSON, expected a HuggingFace tokenizer`);
  }
  if (typeof data === "object" && data !== null && !Array.isArray(data)) return data;
  throw new InputError(`${path}: expected an object, as HuggingFace tokenizers are written`);
}
