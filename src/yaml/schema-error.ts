import type * as z from "zod";
import type { InputError } from "../errors.js";
import { own } from "../own.js";
import { errorAt, type KeyPath, shown } from "./located.js";

/** Turns zod's issues into one line; the issues' messages say what is expected. */
export function schemaError(source: string, data: unknown, issues: readonly z.core.$ZodIssue[]): InputError {
  const { path, issue } = innermost([], foremost(issues));
  if (issue.code === "unrecognized_keys") {
    return errorAt(source, [...path, issue.keys[0]!], `unknown key, expected ${issue.message}`);
  }
  const found = at(data, path);
  const what = found === undefined ? "missing" : `found ${shown(found)}`;
  return errorAt(source, path, `${what}, expected ${issue.message}`);
}

/** A misspelt key explains the missing one, so it comes first. */
function foremost(issues: readonly z.core.$ZodIssue[]): z.core.$ZodIssue {
  return issues.find((issue) => issue.code === "unrecognized_keys") ?? issues[0]!;
}

/** Follows a union into the one branch that the value's type fits; stays at the union where there is no such branch. */
function innermost(prefix: KeyPath, issue: z.core.$ZodIssue): { path: KeyPath; issue: z.core.$ZodIssue } {
  const path = [...prefix, ...issue.path];
  if (issue.code !== "invalid_union") return { path, issue };
  const misfit = (found: z.core.$ZodIssue) => found.path.length === 0 && /^invalid_(type|value)$/.test(found.code);
  const typed = issue.errors.filter((errors) => errors.length > 0 && !errors.some(misfit));
  // Of several kinds of mapping, the one that has the keys that were found.
  const strange = (found: z.core.$ZodIssue) => found.path.length === 0 && found.code === "unrecognized_keys";
  const fitting = typed.length > 1 ? typed.filter((errors) => !errors.some(strange)) : typed;
  return fitting.length === 1 ? innermost(path, foremost(fitting[0]!)) : { path, issue };
}

function at(data: unknown, path: KeyPath): unknown {
  let value = data;
  for (const key of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = own(value as Record<string, unknown>, String(key));
  }
  return value;
}
