import { readFile } from "node:fs/promises";
import { InputError } from "../../errors.js";
import type { Method } from "../../relevance/contract/method.js";
import { compositeMethod } from "../../relevance/methods/composite-method.js";
import { methodNamed } from "../../relevance/methods.js";

/** The method that `--method` names. @throws InputError for an unknown name, or a file that is not a composite */
export async function methodOf(name: string): Promise<Method> {
  if (!/\.ya?ml$/i.test(name)) return methodNamed(name);
  let text: string;
  try {
    text = await readFile(name, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new InputError(`${name}: cannot read the composite (${code === "ENOENT" ? "no such file" : message})`);
  }
  return compositeMethod(text, name);
}
