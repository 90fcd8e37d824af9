import type * as z from "zod";
import { InputError } from "../errors.js";
import { own } from "../own.js";
import { type KeyPath, problemAt, shown } from "./located.js";

interface Found {
  readonly path: KeyPath;
  readonly issue: z.core.$ZodIssue;
}

interface Problem {
  readonly path: KeyPath;
  readonly text: string;
}

/**
 * Turns zod's issues into an error with a line for each; the issues' messages say what is expected. Entries of a list that
 * have one problem share a line.
 */
export function schemaError(source: string, data: unknown, issues: readonly z.core.$ZodIssue[]): InputError {
  const problems = foremost(issues)
    .flatMap((issue) => innermost([], issue))
    .flatMap(({ path, issue }): Problem[] => {
      if (issue.code === "unrecognized_keys")
        return issue.keys.map((key) => ({ path: [...path, key], text: `unknown key, expected ${issue.message}` }));
      const found = at(data, path);
      const what = found === undefined ? "missing" : `found ${shown(found)}`;
      return [{ path, text: `${what}, expected ${issue.message}` }];
    });
  const alike = new Map<string, Problem[]>();
  for (const problem of problems) {
    const place = problem.path.map((key) => (typeof key === "number" ? "" : String(key)));
    const key = JSON.stringify([place, problem.text]);
    const known = alike.get(key);
    if (known) known.push(problem);
    else alike.set(key, [problem]);
  }
  return new InputError(
    Array.from(alike.values(), ([first, ...more]) => {
      const others = more.length > 0 ? ` (and so ${more.length} more entr${more.length > 1 ? "ies" : "y"})` : "";
      return problemAt(source, first!.path, `${first!.text}${others}`);
    }),
  );
}

/** A misspelt key explains the missing one, so it comes first. */
function foremost(issues: readonly z.core.$ZodIssue[]): z.core.$ZodIssue[] {
  const isUnknown = (issue: z.core.$ZodIssue) => issue.code === "unrecognized_keys";
  return [...issues.filter(isUnknown), ...issues.filter((issue) => !isUnknown(issue))];
}

/** Follows a union into the one branch that the value's type fits; stays at the union where there is no such branch. */
function innermost(prefix: KeyPath, issue: z.core.$ZodIssue): Found[] {
  const path = [...prefix, ...issue.path];
  if (issue.code !== "invalid_union") return [{ path, issue }];
  const misfit = (found: z.core.$ZodIssue) => found.path.length === 0 && /^invalid_(type|value)$/.test(found.code);
  const typed = issue.errors.filter((errors) => errors.length > 0 && !errors.some(misfit));
  // Of several kinds of mapping, the one that has the keys that were found.
  const strange = (found: z.core.$ZodIssue) => found.path.length === 0 && found.code === "unrecognized_keys";
  const fitting = typed.length > 1 ? typed.filter((errors) => !errors.some(strange)) : typed;
  if (fitting.length !== 1) return [{ path, issue }];
  return foremost(fitting[0]!).flatMap((inner) => innermost(path, inner));
}

function at(data: unknown, path: KeyPath): unknown {
  let value = data;
  for (const key of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = own(value as Record<string, unknown>, String(key));
  }
  return value;
}
