import { InputError } from "../errors.js";

/** Keys and indices from a file's root to a value. */
export type KeyPath = readonly PropertyKey[];

/** `["inputs", "input.1", 0, "size"]` → `inputs["input.1"][0].size`. */
function pathText(path: KeyPath): string {
  let text = "";
  for (const key of path) {
    if (typeof key === "number") text += `[${key}]`;
    else if (/^[A-Za-z_]\w*$/.test(String(key))) text += text === "" ? String(key) : `.${String(key)}`;
    else text += `[${JSON.stringify(String(key))}]`;
  }
  return text;
}

/** A short text of a found value. */
export function shown(value: unknown): string {
  if (Array.isArray(value)) {
    const flat = value.every((item) => typeof item === "number" || typeof item === "string");
    const text = flat && value.length <= 20 ? JSON.stringify(value) : "";
    return text !== "" && text.length <= 40 ? text : `a list of ${value.length}`;
  }
  if (typeof value === "object" && value !== null) return "a mapping";
  if (typeof value !== "string") return String(value);
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 59)}…` : value);
}

/** An InputError naming the file, the key path and the problem. */
export const errorAt = (source: string, path: KeyPath, problem: string): InputError =>
  new InputError(problemAt(source, path, problem));

/** A line naming the file, the key path and the problem. */
export const problemAt = (source: string, path: KeyPath, problem: string): string =>
  path.length === 0 ? `${source}: ${problem}` : `${source}: ${pathText(path)}: ${problem}`;
