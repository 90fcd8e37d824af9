import { readText } from "../../files/reading.js";
import type { Method } from "../../relevance/contract/method.js";
import { compositeMethod } from "../../relevance/methods/composite-method.js";
import { methodNamed } from "../../relevance/methods.js";

/** The method that `--method` names. @throws InputError for an unknown name, or a file that is not a composite */
export async function methodOf(name: string): Promise<Method> {
  if (!/\.ya?ml$/i.test(name)) return methodNamed(name);
  return compositeMethod(await readText(name, "the composite"), name);
}
