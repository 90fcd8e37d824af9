import { readFile } from "node:fs/promises";
import { Option } from "commander";
import { InputError } from "../../errors.js";
import type { Method } from "../../relevance/contract/method.js";

/** `--method`, the same for every command that explains. */
export const methodOption = (about = "how to explain"): Option =>
  new Option(
    "--method <method>",
    `${about}: a name, options after a colon, as in lrp-gamma:gamma=0.5 (torquelens methods lists them), or the YAML file of a composite table`,
  ).default("dtd");

/** The method that `--method` names. @throws InputError for an unknown one, or a file that is no composite table */
export async function methodOf(asked: string): Promise<Method> {
  if (!/\.ya?ml$/i.test(asked)) return (await import("../../relevance/methods.js")).methodNamed(asked);
  let text: string;
  try {
    text = await readFile(asked, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new InputError(`${asked}: cannot read the composite table (${code === "ENOENT" ? "no such file" : message})`);
  }
  const { compositeMethod } = await import("../../relevance/methods/composite-method.js");
  return compositeMethod(text, asked);
}

/** Says on stderr what a user may want to know of how a method met a policy. */
export function warnOfMethod({ warnings }: { readonly warnings: readonly string[] }): void {
  for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`);
}
