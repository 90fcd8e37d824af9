import { describe, expect, test } from "vitest";
import { InputError } from "#src/errors.js";
import { Parameters } from "#src/parameters/parameters.js";
import type { Table } from "#src/parameters/spec.js";
import type { Fields } from "#src/ros/client/ros.js";
import { parametersFrom } from "#src/ros/parameters/given-parameters.js";
import { serveParameters } from "#src/ros/parameters/parameter-server.js";
import { FakeRos } from "../fake-ros.js";

const table = {
  budget: { type: "double", range: [0.05, 1], default: 0.8, description: "Part of the period.", changeable: "always" },
  threads: { type: "integer", range: [1, 64], default: 2, description: "Threads.", changeable: "unconfigured" },
  level: { type: "string", choices: ["auto", "full"], default: "auto", description: "Level.", changeable: "always" },
  autostart: { type: "bool", default: true, description: "Start at once.", changeable: "start" },
  names: { type: "string_array", default: [], description: "Names.", changeable: "always" },
  "camera.fps": { type: "double", range: [0, 1000], default: 10, description: "Rate.", changeable: "always" },
  "camera.lens.f": {
    type: "double",
    range: [0, 1000],
    default: 10,
    description: "Focal length.",
    changeable: "always",
  },
} as const satisfies Table;

const given = () => new Parameters(table);
const change = (changes: Record<string, unknown>) => new Map(Object.entries(changes));

describe("parameters that are known later", () => {
  const list = (length: number) =>
    ({
      type: "double_array",
      default: [],
      description: "Values.",
      changeable: "always",
      problem: (values: readonly number[]) =>
        values.length === 0 || values.length === length ? undefined : `expected ${length} numbers`,
    }) as const;
  const early: Table = { ...table, "values.goal": { ...list(0), problem: undefined }, "values.gaol": list(1) };
  const from = (text: Record<string, string>) => {
    const written = (numbers: string) => numbers.split(" ").map((number) => ({ text: number, quoted: false }));
    const values = Object.entries(text).map(
      ([name, numbers]) => [name, { key: "/**", name, written: written(numbers), where: "-p" }] as const,
    );
    return parametersFrom(early, { values: new Map(values), warnings: [] });
  };

  test("take the place of those before, and what they held", async () => {
    const parameters = from({ "values.goal": "1 2.5" });
    parameters.replace("values.", { "values.goal": list(2), "values.aim": list(1) });
    expect(Object.keys(parameters.table)).toEqual([...Object.keys(table), "values.goal", "values.aim"]);
    expect(parameters.value("values.goal")).toEqual([1, 2.5]);
    expect(parameters.value("values.aim")).toEqual([]);
    expect(parameters.value("values.gaol")).toBeUndefined();
    expect(await parameters.set(change({ "values.goal": [1] }))).toBe("values.goal: expected 2 numbers");
    expect(await parameters.set(change({ "values.goal": [3, "4"] }))).toBe(
      'values.goal: expected a list of numbers, found [3,"4"]',
    );
    expect(await parameters.set(change({ "values.goal": [3, 4] }))).toBeUndefined();
    expect(parameters.value("values.goal")).toEqual([3, 4]);
    expect(parameters.get("budget")).toBe(0.8);
  });

  test("refuse what was given for nothing, or does not fit, and change nothing then", () => {
    const parameters = from({ "values.gaol": "1" });
    expect(() => parameters.replace("values.", { "values.goal": list(2) })).toThrow(
      new InputError(
        "parameter values.gaol: the policy has no such modality, expected one of values.goal; give [] to remove it",
      ),
    );
    expect(parameters.value("values.gaol")).toEqual([1]);
    expect(() => from({ "values.goal": "1" }).replace("values.", { "values.goal": list(2) })).toThrow(
      "parameter values.goal: expected 2 numbers",
    );
  });
});

describe("changes", () => {
  test("take effect before they hold, and are told after", async () => {
    const parameters = given();
    const seen: unknown[] = [];
    parameters.apply = async (changes) => {
      await Promise.resolve();
      seen.push(["apply", parameters.get("budget"), [...changes]]);
    };
    parameters.onChanged((changes) => seen.push(["changed", parameters.get("budget"), [...changes]]));
    expect(await parameters.set(change({ budget: 0.5 }))).toBeUndefined();
    expect(seen).toEqual([
      ["apply", 0.8, [["budget", 0.5]]],
      ["changed", 0.5, [["budget", 0.5]]],
    ]);
  });

  test("that the program reports are told without a check, and nobody else can make them", async () => {
    const paused = { type: "bool", default: false, description: "Paused.", changeable: "never" } as const;
    const parameters = new Parameters({ ...table, paused });
    const seen: unknown[] = [];
    parameters.apply = () => expect.fail("applied");
    parameters.onChanged((changes) => seen.push([...changes]));
    expect(await parameters.set(change({ paused: true }))).toBe("paused: can only be read");
    parameters.report([["paused", true]]);
    expect([parameters.get("paused"), seen]).toEqual([true, [[["paused", true]]]]);
  });

  test("what cannot take effect changes nothing", async () => {
    const parameters = given();
    parameters.apply = async () => {
      throw new InputError("the method does not fit");
    };
    expect(await parameters.set(change({ budget: 0.5, level: "full" }))).toBe("the method does not fit");
    expect([parameters.get("budget"), parameters.get("level")]).toEqual([0.8, "auto"]);
  });

  test("wait for those before them", async () => {
    const parameters = given();
    const order: string[] = [];
    parameters.apply = async (changes) => {
      const [[name]] = [...changes] as [[string, unknown]];
      order.push(`begin ${name}`);
      await new Promise((resolve) => setImmediate(resolve));
      order.push(`end ${name}`);
    };
    await Promise.all([parameters.set(change({ budget: 0.5 })), parameters.set(change({ level: "full" }))]);
    expect(order).toEqual(["begin budget", "end budget", "begin level", "end level"]);
  });

  test.each([
    [{ budget: 2 }, /^budget: expected a number from 0.05 to 1, found 2$/],
    [{ budget: Number.NaN }, /expected a number from 0.05 to 1, found NaN/],
    [{ budget: "fast" }, /found "fast"/],
    [{ level: "skip" }, /^level: expected auto \| full, found "skip"$/],
    [{ autostart: false }, /^autostart: can be set only at start/],
    [{ bugdet: 1 }, /^bugdet: no such parameter; did you mean budget\?/],
    [{ budget: undefined }, /^budget: a parameter of this node cannot be removed/],
    [{ budget: 0.5, threads: 0 }, /^threads: expected a whole number from 1 to 64, found 0/],
    [{ threads: 2.5 }, /found 2.5/],
    [{ names: [1] }, /expected a list of strings/],
  ])("%j is refused", async (changes, reason) => {
    const parameters = given();
    parameters.apply = () => expect.fail("applied");
    expect(await parameters.set(change(changes))).toMatch(reason);
    expect(parameters.get("budget")).toBe(0.8);
  });

  test("some only while the node is unconfigured", async () => {
    const parameters = given();
    expect(await parameters.set(change({ threads: 3 }))).toBeUndefined();
    parameters.phase = "configured";
    expect(await parameters.set(change({ threads: 4 }))).toMatch(/^threads: can be changed only while .*unconfigured/);
    // The value that it has already is no change.
    expect(await parameters.set(change({ threads: 3, autostart: true }))).toBeUndefined();
  });
});

describe("on the graph", () => {
  const value = (fields: object) => ({
    type: 0,
    bool_value: false,
    integer_value: 0n,
    double_value: 0,
    string_value: "",
    byte_array_value: [],
    bool_array_value: [],
    integer_array_value: [],
    double_array_value: new Float64Array(0),
    string_array_value: [],
    ...fields,
  });
  const serve = () => {
    const ros = new FakeRos();
    const parameters = given();
    const server = serveParameters(ros, parameters);
    const set = async (name: string, fields: object) =>
      ((await ros.call("~/set_parameters", { parameters: [{ name, value: value(fields) }] })).results as Fields[])[0]!;
    return { ros, parameters, server, set };
  };

  test("the six services and the events have ROS's names and types", () => {
    const { ros, server } = serve();
    expect([...ros.services].map(([name, { type }]) => `${name} ${type}`).sort()).toEqual([
      "/torquelens/describe_parameters rcl_interfaces/srv/DescribeParameters",
      "/torquelens/get_parameter_types rcl_interfaces/srv/GetParameterTypes",
      "/torquelens/get_parameters rcl_interfaces/srv/GetParameters",
      "/torquelens/list_parameters rcl_interfaces/srv/ListParameters",
      "/torquelens/set_parameters rcl_interfaces/srv/SetParameters",
      "/torquelens/set_parameters_atomically rcl_interfaces/srv/SetParametersAtomically",
    ]);
    expect(ros.publishers.get("/parameter_events")?.type).toBe("rcl_interfaces/msg/ParameterEvent");
    server.close();
    expect([...ros.services, ...ros.publishers]).toEqual([]);
  });

  test("get, of every type and of what is not there", async () => {
    const { ros } = serve();
    const names = ["autostart", "threads", "budget", "level", "names", "nothing"];
    const { values } = await ros.call("~/get_parameters", { names });
    expect(values).toMatchObject([
      { type: 1, bool_value: true },
      { type: 2, integer_value: 2n },
      { type: 3, double_value: 0.8 },
      { type: 4, string_value: "auto" },
      { type: 9, string_array_value: [] },
      { type: 0 },
    ]);
    const { types } = await ros.call("~/get_parameter_types", { names });
    expect([...(types as Uint8Array)]).toEqual([1, 2, 3, 4, 9, 0]);
  });

  test("set, a whole number for a double too, and the event", async () => {
    const { ros, parameters, set } = serve();
    expect(await set("budget", { type: 3, double_value: 0.25 })).toEqual({ successful: true, reason: "" });
    expect(await set("budget", { type: 2, integer_value: 1n })).toEqual({ successful: true, reason: "" });
    expect(await set("names", { type: 9, string_array_value: ["a", "b"] })).toEqual({ successful: true, reason: "" });
    expect(await set("threads", { type: 2, integer_value: 4n })).toEqual({ successful: true, reason: "" });
    expect(parameters.get("budget")).toBe(1);
    expect(parameters.get("names")).toEqual(["a", "b"]);
    const events = ros.published.get("/parameter_events")!;
    expect(events).toHaveLength(4);
    expect(events[0]).toMatchObject({
      stamp: { sec: 1000, nanosec: 0 },
      node: "/torquelens",
      changed_parameters: [{ name: "budget", value: { type: 3, double_value: 0.25 } }],
    });
  });

  test.each([
    ["budget", { type: 4, string_value: "x" }, /budget: expected a number from 0.05 to 1, found "x"/],
    ["budget", { type: 0 }, /budget: a parameter of this node cannot be removed/],
    ["budget", { type: 1, bool_value: true }, /found true/],
    ["budget", { type: 8, double_array_value: Float64Array.of(1) }, /found \[1\]/],
    ["budget", { type: 5, byte_array_value: Uint8Array.of(1) }, /found \[1\]/],
    ["budget", { type: 77 }, /found "a value of type 77"/],
    ["threads", { type: 3, double_value: 2 }, /expected a whole number from 1 to 64, found "2 \(a double\)"/],
    ["threads", { type: 2, integer_value: 2n ** 62n }, /expected a whole number/],
    ["nothing", { type: 2, integer_value: 1n }, /no such parameter/],
  ])("set %s to %o is refused with a reason", async (name, fields, reason) => {
    const { set } = serve();
    const result = await set(name, fields);
    expect(result.successful).toBe(false);
    expect(result.reason).toMatch(reason);
  });

  test("set atomically: all or none", async () => {
    const { ros, parameters } = serve();
    const ask = (b: number) => ({
      parameters: [
        { name: "budget", value: value({ type: 3, double_value: 0.5 }) },
        { name: "camera.fps", value: value({ type: 3, double_value: b }) },
      ],
    });
    const bad = await ros.call("~/set_parameters_atomically", ask(Number.NaN));
    expect(bad.result).toMatchObject({ successful: false });
    expect(parameters.get("budget")).toBe(0.8);
    expect((await ros.call("~/set_parameters_atomically", ask(5))).result).toEqual({ successful: true, reason: "" });
    expect(parameters.get("budget")).toBe(0.5);
  });

  test("list, by prefix and depth", async () => {
    const { ros } = serve();
    const list = async (prefixes: string[], depth: bigint) =>
      (await ros.call("~/list_parameters", { prefixes, depth })).result as { names: string[]; prefixes: string[] };
    expect((await list([], 0n)).names).toEqual(Object.keys(table));
    expect((await list([], 0n)).prefixes).toEqual(["camera", "camera.lens"]);
    expect((await list([], 1n)).names).toEqual(["budget", "threads", "level", "autostart", "names"]);
    expect((await list(["camera"], 0n)).names).toEqual(["camera.fps", "camera.lens.f"]);
    expect((await list(["camera"], 1n)).names).toEqual(["camera.fps"]);
    expect((await list(["cam"], 0n)).names).toEqual([]);
    expect((await list(["budget"], 0n)).names).toEqual(["budget"]);
  });

  test("describe, with ranges and what may be changed when", async () => {
    const { ros } = serve();
    const { descriptors } = await ros.call("~/describe_parameters", {
      names: ["budget", "threads", "level", "autostart", "x"],
    });
    expect(descriptors).toMatchObject([
      { name: "budget", type: 3, floating_point_range: [{ from_value: 0.05, to_value: 1, step: 0 }], read_only: false },
      { type: 2, integer_range: [{ from_value: 1n, to_value: 64n, step: 1n }] },
      { type: 4, additional_constraints: "One of: auto, full." },
      { type: 1, read_only: true, description: "Start at once." },
      { name: "x", type: 0 },
    ]);
  });
});
