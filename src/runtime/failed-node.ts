import { InputError } from "../errors.js";

const FAILED = /^Non-zero status code returned while running (\S+) node\. Name:'(.*?)' Status Message: (.*)$/s;
/** Place in onnxruntime's source before some reasons. */
const SOURCE = /^\/\S+:\d+ .*[\])] /s;

/** A node that cannot run on the values that it is given, such as an index outside of a list; other errors unchanged. */
export function failedNode(error: unknown): unknown {
  const [, op, name, reason] = FAILED.exec((error as Error).message) ?? [];
  if (reason === undefined) return error;
  return new InputError(`node "${name}" (${op}) fails on these inputs: ${reason.replace(SOURCE, "").trim()}`);
}
