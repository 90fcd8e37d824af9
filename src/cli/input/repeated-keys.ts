import { errorAt, type KeyPath } from "../../yaml/located.js";

/** A mapping or a list that is open at a place of the text. */
interface Open {
  /** Keys so far; undefined in a list. */
  readonly keys: Set<string> | undefined;
  /** Key or index of the value that comes next. */
  at: PropertyKey;
  isKeyNext: boolean;
}

/** Checks text that is known to be JSON, whose readers keep the last of two equal keys. @throws InputError naming the key */
export function refuseRepeatedKeys(text: string, source: string): void {
  const open: Open[] = [];
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],]/g)) {
    const inner = open.at(-1);
    if (token === "{") open.push({ keys: new Set(), at: "", isKeyNext: true });
    else if (token === "[") open.push({ keys: undefined, at: 0, isKeyNext: false });
    else if (token === "}" || token === "]") open.pop();
    else if (token === ",") next(inner!);
    else if (inner?.keys && inner.isKeyNext) {
      const key = JSON.parse(token) as string;
      inner.at = key;
      if (inner.keys.has(key)) {
        const path: KeyPath = open.map(({ at }) => at);
        throw errorAt(source, path, "found twice, expected each key once");
      }
      inner.keys.add(key);
      inner.isKeyNext = false;
    }
  }
}

function next(open: Open): void {
  if (open.keys) open.isKeyNext = true;
  else open.at = Number(open.at) + 1;
}
