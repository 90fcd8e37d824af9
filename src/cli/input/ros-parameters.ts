import { readText } from "../../files/reading.js";
import type { Parameters } from "../../parameters/parameters.js";
import type { Table } from "../../parameters/spec.js";
import type { RosArguments } from "../../ros/client/arguments.js";
import type { RosNode } from "../../ros/client/ros.js";
import { parametersFrom, unknownParameters } from "../../ros/parameters/given-parameters.js";
import { type Overrides, overridesFor } from "../../ros/parameters/overrides.js";

/** Parameter values for a node from the command line. @throws InputError for a file that cannot be read or is wrong */
export function givenFor(ros: RosNode, { parameters }: RosArguments): Promise<Overrides> {
  return overridesFor(ros.fullName, parameters, (path) => readText(path, "the parameters"));
}

/** A node's parameters; logs a warning for each value that no parameter takes. */
export function parametersOf<T extends Table>(ros: RosNode, table: T, given: Overrides): Parameters<T> {
  for (const line of [...given.warnings, ...unknownParameters(table, given)]) ros.log("warn", line);
  return parametersFrom(table, given);
}
