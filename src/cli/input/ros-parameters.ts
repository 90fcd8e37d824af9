import { readFile } from "node:fs/promises";
import { InputError } from "../../errors.js";
import type { RosArguments } from "../../ros/client/arguments.js";
import type { RosNode } from "../../ros/client/ros.js";
import { type Overrides, overridesFor } from "../../ros/parameters/overrides.js";
import type { Table } from "../../ros/parameters/parameter-spec.js";
import { Parameters, unknownParameters } from "../../ros/parameters/parameters.js";

/** Parameter values for a node from the command line. @throws InputError for a file that cannot be read or is wrong */
export function givenFor(ros: RosNode, { parameters }: RosArguments): Promise<Overrides> {
  return overridesFor(ros.fullName, parameters, async (path) => {
    try {
      return await readFile(path, "utf8");
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      throw new InputError(`${path}: cannot read the parameters (${code === "ENOENT" ? "no such file" : message})`);
    }
  });
}

/** A node's parameters; logs a warning for each value that no parameter takes. */
export function parametersOf<T extends Table>(ros: RosNode, table: T, given: Overrides): Parameters<T> {
  for (const line of [...given.warnings, ...unknownParameters(table, given)]) ros.log("warn", line);
  return Parameters.from(table, given);
}
