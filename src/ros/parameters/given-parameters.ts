import { InputError } from "../../errors.js";
import { own } from "../../own.js";
import { near } from "../../parameters/near.js";
import { Parameters } from "../../parameters/parameters.js";
import { problemOf, type Table, type Value } from "../../parameters/spec.js";
import type { Overrides } from "./overrides.js";
import { valueFrom } from "./written-value.js";

/**
 * Defaults with overrides.
 * @throws InputError naming the file or argument of a value that does not fit
 */
export function parametersFrom<T extends Table>(table: T, { values }: Overrides): Parameters<T> {
  const given = new Map<string, Value>();
  for (const [name, { written, where }] of values) {
    const spec = own(table, name);
    if (!spec) continue;
    if (spec.changeable === "never") throw new InputError(`${where}: can only be read`);
    const value = valueFrom(spec, written);
    const problem = problemOf(spec, value);
    if (problem !== undefined) throw new InputError(`${where}: ${problem}`);
    given.set(name, value as Value);
  }
  return new Parameters(table, given);
}

/** Warnings of given parameters that the node does not have. */
export function unknownParameters(table: Table, { values }: Overrides): string[] {
  return [...values.values()]
    .filter(({ name }) => !Object.hasOwn(table, name))
    .map(({ name, where }) => `${where}: this node has no parameter ${name}${near(name, Object.keys(table))}`);
}
