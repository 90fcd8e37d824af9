import {
  type CST,
  type Document,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  Parser,
  parseDocument,
} from "yaml";
import { InputError } from "../errors.js";

/** Deepest nesting of lists and mappings, all that is read by recursion. */
const DEEPEST = 100;

/**
 * Reads the tree of a YAML document, in time that grows with its length. `schema` is one of the library's.
 * @throws InputError, one line naming the line and what is wrong: also for nesting deeper than 100, a key given twice or not a scalar,
 * and the key `__proto__`, which would be lost
 */
export function yamlDocument(text: string, source: string, schema: "core" | "failsafe" = "core"): Document {
  const lines = new LineCounter();
  const wrong = (what: string, at: number): InputError =>
    new InputError(`${source}: not YAML, line ${Math.max(lines.linePos(at).line, 1)}: ${what}`);
  const deep = tooDeep([...new Parser(lines.addNewLine).parse(text)]);
  if (deep !== undefined) throw wrong(`nested deeper than ${DEEPEST} levels`, deep);
  // Pretty errors and the library's own comparison of keys take quadratic time.
  const document = parseDocument(text, { schema, prettyErrors: false, uniqueKeys: false });
  const problem = document.errors[0] ?? document.warnings[0];
  if (problem) throw wrong(problem.message.split("\n")[0]!, problem.pos[0]);
  refuseKeys(document, wrong);
  return document;
}

/** Place of the first collection that is nested too deep. The parser does not recurse, and neither does this. */
function tooDeep(documents: readonly CST.Token[]): number | undefined {
  const stack: [token: CST.Token, depth: number][] = documents.map((token) => [token, 0]);
  for (let next = stack.pop(); next; next = stack.pop()) {
    const [token, depth] = next;
    if (token.type === "document" && token.value) stack.push([token.value, depth]);
    if (!("items" in token)) continue;
    if (depth >= DEEPEST) return token.offset;
    for (const { key, value } of token.items) for (const part of [key, value]) if (part) stack.push([part, depth + 1]);
  }
  return undefined;
}

function refuseKeys(document: Document, wrong: (what: string, at: number) => InputError): void {
  const stack: unknown[] = [document.contents];
  while (stack.length > 0) {
    const node = stack.pop();
    if (isPair(node)) stack.push(node.value, node.key);
    if (isSeq(node) || isMap(node)) for (const item of node.items) stack.push(item);
    if (!isMap(node)) continue;
    const keys = new Set<unknown>();
    for (const { key } of node.items) {
      const at = (isNode(key) && key.range?.[0]) || 0;
      if (!isScalar(key)) throw wrong("a key must be a text or a number", at);
      if (keys.has(key.value)) throw wrong("Map keys must be unique", at);
      if (key.value === "__proto__") throw wrong("a key cannot be __proto__", at);
      keys.add(key.value);
    }
  }
}
