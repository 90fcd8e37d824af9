import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Table } from "#src/parameters/spec.js";
import { rosArguments } from "#src/ros/client/arguments.js";
import { parametersFrom, unknownParameters } from "#src/ros/parameters/given-parameters.js";
import { isFor, overridesFor, parameterFile } from "#src/ros/parameters/overrides.js";

const table = {
  budget: { type: "double", range: [0, 1], default: 0.8, description: "Part.", changeable: "always" },
  policy: { type: "string", default: "", description: "File.", changeable: "unconfigured" },
  threads: { type: "integer", range: [1, 256], default: 2, description: "Threads.", changeable: "unconfigured" },
  autostart: { type: "bool", default: true, description: "Start.", changeable: "start" },
  names: { type: "string_array", default: ["a"], description: "Names.", changeable: "always" },
  "diagnostics.rate": { type: "double", range: [0, 1000], default: 1, description: "Rate.", changeable: "always" },
} as const satisfies Table;

const noFile = async (path: string): Promise<string> => {
  throw new Error(`read ${path}`);
};
const given = async (argv: string[], files: Record<string, string> = {}, name = "/arm/torquelens") => {
  const read = async (path: string) => files[path] ?? noFile(path);
  return overridesFor(name, rosArguments(["--ros-args", ...argv]).parameters, read);
};
const parametersOf = async (argv: string[], files: Record<string, string> = {}, name?: string) =>
  parametersFrom(table, await given(argv, files, name));

describe("arguments", () => {
  test("parameters are taken out, the rest of ROS's is passed on, ours is left", () => {
    const { parameters, passed, rest } = rosArguments([
      "--json",
      "--ros-args",
      "-r",
      "image:=/camera/image",
      "-p",
      "method:=lrp-gamma:gamma=0.5",
      "--log-level",
      "debug",
      "--params-file",
      "a.yaml",
      "--",
      "--debug",
      "--ros-args",
      "--param",
      "/ns/node:budget:=0.5",
      "--disable-rosout-logs",
    ]);
    expect(rest).toEqual(["--json", "--debug"]);
    expect(passed).toEqual([
      "--ros-args",
      "-r",
      "image:=/camera/image",
      "--log-level",
      "debug",
      "--disable-rosout-logs",
    ]);
    expect(parameters).toEqual([
      { kind: "value", node: undefined, name: "method", text: "lrp-gamma:gamma=0.5" },
      { kind: "file", path: "a.yaml" },
      { kind: "value", node: "/ns/node", name: "budget", text: "0.5" },
    ]);
    expect(rosArguments(["--json"])).toEqual({ parameters: [], passed: [], rest: ["--json"] });
  });

  test.each([
    [["-p"], /-p: expected a value/],
    [["-p", "budget=0.5"], /-p budget=0.5: expected name:=value/],
    [["-p", ":=0.5"], /expected name:=value/],
    [["--parms-file", "x"], /--parms-file: not an argument of ROS 2/],
    [["--log-level"], /--log-level: expected a value/],
  ])("%j is refused", (argv, message) => {
    expect(() => rosArguments(["--ros-args", ...argv])).toThrow(message);
  });
});

describe("keys", () => {
  const part = fc.stringMatching(/^[a-z][a-z0-9_]{0,6}$/);
  const names = fc.record({ namespaces: fc.array(part, { maxLength: 3 }), node: part });
  const fullNameOf = ({ namespaces, node }: { namespaces: string[]; node: string }) =>
    `/${[...namespaces, node].join("/")}`;

  test("every form that users write names the node", () => {
    fc.assert(
      fc.property(names, (name) => {
        const fullName = fullNameOf(name);
        const stars = `/${[...name.namespaces.map(() => "*"), "*"].join("/")}`;
        const forms = ["/**", "**", fullName, fullName.slice(1), name.node, stars, `/**/${name.node}`];
        for (const form of forms) expect(isFor(form, fullName), `${form} for ${fullName}`).toBe(true);
      }),
    );
  });

  test("no form names another node", () => {
    fc.assert(
      fc.property(names, names, (one, other) => {
        const [a, b] = [fullNameOf(one), fullNameOf(other)];
        fc.pre(a !== b && one.node !== other.node && one.namespaces.length > 0);
        for (const form of [a, a.slice(1), one.node, `/**/${one.node}`]) expect(isFor(form, b)).toBe(false);
      }),
    );
  });

  test("what is special in a regular expression is not in a name", () => {
    expect(isFor("/a.c", "/abc")).toBe(false);
    expect(isFor("/ns/*", "/ns/deeper/node")).toBe(false);
    expect(isFor("/ns/**", "/ns/deeper/node")).toBe(true);
  });

  test.each(["/**", "/arm/torquelens", "arm/torquelens", "torquelens", "/arm/*", "/*/torquelens", "/**/torquelens"])(
    "a file under %s holds",
    async (key) => {
      const text = `${JSON.stringify(key)}:\n  ros__parameters:\n    budget: 0.5\n    diagnostics: {rate: 3}\n`;
      const parameters = await parametersOf(["--params-file", "f"], { f: text });
      expect(parameters.get("budget")).toBe(0.5);
      expect(parameters.get("diagnostics.rate")).toBe(3);
    },
  );

  test("namespaces may be nested mappings", async () => {
    const text = "arm:\n  torquelens:\n    ros__parameters: {threads: 4}\n";
    expect((await parametersOf(["--params-file", "f"], { f: text })).get("threads")).toBe(4);
    const slashed = "/arm:\n  torquelens:\n    ros__parameters: {threads: 5}\n";
    expect((await parametersOf(["--params-file", "f"], { f: slashed })).get("threads")).toBe(5);
  });

  test("the later one holds, in files and arguments alike", async () => {
    const files = {
      f: "/**: {ros__parameters: {budget: 0.1, threads: 1}}\ntorquelens: {ros__parameters: {budget: 0.2}}",
    };
    expect((await parametersOf(["--params-file", "f"], files)).get("budget")).toBe(0.2);
    expect((await parametersOf(["--params-file", "f", "-p", "budget:=0.3"], files)).get("budget")).toBe(0.3);
    expect((await parametersOf(["-p", "budget:=0.3", "--params-file", "f"], files)).get("budget")).toBe(0.2);
    expect((await parametersOf(["-p", "torquelens:budget:=0.4"], files)).get("budget")).toBe(0.4);
  });
});

describe("mistakes are told", () => {
  const told = async (argv: string[], files?: Record<string, string>) => {
    const overrides = await given(argv, files);
    return [...overrides.warnings, ...unknownParameters(table, overrides)].join("\n");
  };

  test("a file that has nothing for this node", async () => {
    const file = "/other: {ros__parameters: {budget: 0.5}}";
    expect(await told(["--params-file", "f"], { f: file })).toMatch(
      /f: no parameters for \/arm\/torquelens; .*\/other/,
    );
    expect(await told(["--params-file", "f"], { f: "" })).toMatch(/it holds none/);
    expect(await told(["-p", "other:budget:=0.5"])).toMatch(/-p other:budget is for the node other/);
  });

  test("a node of this name elsewhere, beside one that fits", async () => {
    const file = "/**: {ros__parameters: {budget: 0.5}}\n/leg/torquelens: {ros__parameters: {budget: 0.4}}";
    expect(await told(["--params-file", "f"], { f: file })).toMatch(/the parameters of \/leg\/torquelens are not for/);
    const shared = "/**: {ros__parameters: {budget: 0.5}}\n/camera: {ros__parameters: {gain: 1}}";
    expect(await told(["--params-file", "f"], { f: shared })).toBe("");
  });

  test("unknown parameters, with what was meant", async () => {
    expect(await told(["-p", "polcy:=x"])).toMatch(/-p polcy: this node has no parameter polcy; did you mean policy\?/);
    expect(await told(["-p", "constructor:=x"])).toMatch(/has no parameter constructor$/);
  });
});

describe("values", () => {
  test.each([
    ["budget:=1", "budget", 1],
    ["budget:=1e-1", "budget", 0.1],
    ["budget:=.5", "budget", 0.5],
    ["threads:=0x10", "threads", 16],
    ["autostart:=no", "autostart", false],
    ["autostart:=True", "autostart", true],
    ["autostart:=ON", "autostart", true],
    ["policy:=/a b/c.onnx", "policy", "/a b/c.onnx"],
    ["policy:='quoted: it is'", "policy", "quoted: it is"],
    ["policy:=123", "policy", "123"],
    ["policy:=true", "policy", "true"],
    ["policy:=", "policy", ""],
    ["names:=[x, 1, 'true']", "names", ["x", "1", "true"]],
    ["names:=[]", "names", []],
  ] as const)("%s", async (argument, name, value) => {
    expect((await parametersOf(["-p", argument])).get(name)).toEqual(value);
  });

  test.each([
    ["budget:=2", /^-p budget: expected a number from 0 to 1, found 2$/],
    ["budget:='0.5'", /expected a number from 0 to 1, found "0.5"/],
    ["budget:=.nan", /expected a number/],
    ["budget:=[1]", /expected a number/],
    ["threads:=1.5", /-p threads: expected a whole number from 1 to 256, found 1.5/],
    ["threads:=9007199254740993", /expected a whole number/],
    ["autostart:=1", /-p autostart: expected true or false, found "1"/],
    ["names:=a", /-p names: expected a list of strings, found "a"/],
    ["policy:=[a]", /-p policy: expected a string/],
    ["policy:={a: 1}", /-p policy: expected a value/],
    ["policy:='", /-p policy: not YAML/],
  ])("%s is refused", async (argument, message) => {
    await expect(parametersOf(["-p", argument])).rejects.toThrow(message);
  });

  test.each([
    ["ros__parameters: {budget: 1}", /f: ros__parameters: expected below the name of a node/],
    ["/**: {budget: 1}", /f: \/\*\*\/budget: expected a mapping with ros__parameters/],
    ["- a", /f: expected a mapping from node names/],
    ["/**: {ros__parameters: [1]}", /expected a mapping of parameters/],
    ["/**: {ros__parameters: {budget: nope}}", /f: \/\*\*: budget: expected a number from 0 to 1, found "nope"/],
    ["/**:\n  ros__parameters:\n    budget: [1\n", /f: not YAML, line \d/],
    ["/**: &a {ros__parameters: {x: *a}}", /f: \/\*\*: x: expected a value/],
  ])("the file %s is refused", async (text, message) => {
    await expect(parametersOf(["--params-file", "f"], { f: text })).rejects.toThrow(message);
  });

  test("any text is a file's parameters or an InputError, never another error", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."/*: {}[]&!'\"-\n\tabros__parameters") }), (text) => {
        try {
          parameterFile(text, "f");
        } catch (error) {
          expect((error as Error).name).toBe("InputError");
          expect((error as Error).message).not.toContain("\n");
        }
      }),
      { numRuns: 2000 },
    );
  });
});
