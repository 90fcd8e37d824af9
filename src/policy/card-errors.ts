import type * as z from "zod";
import { InputError } from "../errors.js";

/** Keys and indices from the card's root to a value. */
export type CardPath = readonly PropertyKey[];

/** `["inputs", "input.1", 0, "size"]` → `inputs["input.1"][0].size`. */
export function pathText(path: CardPath): string {
  let text = "";
  for (const key of path) {
    if (typeof key === "number") text += `[${key}]`;
    else if (/^[A-Za-z_]\w*$/.test(String(key))) text += text === "" ? String(key) : `.${String(key)}`;
    else text += `[${JSON.stringify(String(key))}]`;
  }
  return text;
}

/** A found value in few words. */
export function shown(value: unknown): string {
  if (Array.isArray(value)) {
    const flat = value.every((item) => typeof item === "number" || typeof item === "string");
    const text = JSON.stringify(value);
    return flat && text.length <= 40 ? text : `a list of ${value.length}`;
  }
  if (typeof value === "object" && value !== null) return "a mapping";
  if (typeof value !== "string") return String(value);
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 59)}…` : value);
}

/** An InputError naming the card, the key path and the problem. */
export function cardError(source: string, path: CardPath, problem: string): InputError {
  return new InputError(path.length === 0 ? `${source}: ${problem}` : `${source}: ${pathText(path)}: ${problem}`);
}

/** Turns zod's issues into one line; the issues' messages say what was expected (card-schema.ts). */
export function schemaError(source: string, data: unknown, issues: readonly z.core.$ZodIssue[]): InputError {
  const { path, issue } = innermost([], foremost(issues));
  if (issue.code === "unrecognized_keys") {
    return cardError(source, [...path, issue.keys[0]!], `unknown key, expected ${issue.message}`);
  }
  const found = at(data, path);
  const what = found === undefined ? "missing" : `found ${shown(found)}`;
  return cardError(source, path, `${what}, expected ${issue.message}`);
}

/** A misspelt key explains the missing one, so it comes first. */
function foremost(issues: readonly z.core.$ZodIssue[]): z.core.$ZodIssue {
  return issues.find((issue) => issue.code === "unrecognized_keys") ?? issues[0]!;
}

/** Follows a union into the one branch that the value's type fits; stays at the union where there is no such branch. */
function innermost(prefix: CardPath, issue: z.core.$ZodIssue): { path: CardPath; issue: z.core.$ZodIssue } {
  const path = [...prefix, ...issue.path];
  if (issue.code !== "invalid_union") return { path, issue };
  const misfit = (found: z.core.$ZodIssue) => found.path.length === 0 && /^invalid_(type|value)$/.test(found.code);
  const fitting = issue.errors.filter((errors) => errors.length > 0 && !errors.some(misfit));
  return fitting.length === 1 ? innermost(path, foremost(fitting[0]!)) : { path, issue };
}

function at(data: unknown, path: CardPath): unknown {
  let value = data;
  for (const key of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}
