import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { problemOf } from "#src/parameters/spec.js";
import { rosArguments } from "#src/ros/client/arguments.js";
import { parametersFrom, unknownParameters } from "#src/ros/parameters/given-parameters.js";
import { NODES, PARAMETER_FILE } from "#src/ros/parameters/nodes.js";
import { overridesFor } from "#src/ros/parameters/overrides.js";
import { parameterFileOf } from "#src/ros/parameters/parameter-file.js";

describe("the example parameter file", () => {
  test("is current (npm run params writes it)", async () => {
    expect(await readFile(PARAMETER_FILE, "utf8")).toBe(parameterFileOf(NODES));
  });

  test("holds every parameter that can be set with its default, as another reader of YAML has it", async () => {
    const file = parse(await readFile(PARAMETER_FILE, "utf8")) as Record<string, { ros__parameters: object }>;
    for (const [name, table] of Object.entries(NODES)) {
      const settable = Object.entries(table).filter(([, { changeable }]) => changeable !== "never");
      const defaults = Object.fromEntries(settable.map(([key, spec]) => [key, spec.default]));
      expect(file[name]!.ros__parameters).toEqual(defaults);
    }
  });

  test("may be given as it is, to each node in any namespace", async () => {
    const { parameters } = rosArguments(["--ros-args", "--params-file", "f"]);
    for (const [name, table] of Object.entries(NODES)) {
      const overrides = await overridesFor(`/arm/${name}`, parameters, async () => parameterFileOf(NODES));
      expect([...overrides.warnings, ...unknownParameters(table, overrides)]).toEqual([]);
      const values = parametersFrom(table, overrides);
      for (const [key, spec] of Object.entries(table)) expect(values.value(key), key).toEqual(spec.default);
    }
  });

  test("every default is a value that may be set", () => {
    for (const table of Object.values(NODES))
      for (const [name, spec] of Object.entries(table)) expect(problemOf(spec, spec.default), name).toBeUndefined();
  });
});
