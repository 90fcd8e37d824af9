import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { COMMANDS } from "#src/cli/command-table.js";
import { inOwnProcess, refusal, torquelens } from "./run.js";

test("--version prints the package's version", async () => {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  expect(await inOwnProcess("--version")).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
});

test("--help lists the commands, and every command has its own", async () => {
  const { code, stdout } = await torquelens("--help");
  expect(code).toBe(0);
  for (const [name, { takes, summary }] of Object.entries(COMMANDS)) {
    expect(stdout).toContain(`\n  ${name} ${takes}  `);
    const help = await torquelens(name, "--help");
    expect([help.code, help.stderr]).toEqual([0, ""]);
    expect(help.stdout).toContain(`Usage: torquelens ${name} ${name.endsWith("node") ? "[--ros-args " : `${takes}\n`}`);
    expect(help.stdout.replace(/\s+/g, " ")).toContain(` ${summary} `);
    expect(help.stdout).toContain("--debug");
    expect(await torquelens("help", name)).toEqual(help);
  }
});

test("without a command the help is printed and the usage is bad", async () => {
  const { code, stderr } = await torquelens();
  expect(code).toBe(2);
  expect(stderr).toContain("Usage: torquelens");
});

test.each([
  [["inspct"], "unknown command 'inspct' (Did you mean inspect?)"],
  [["inspct", "--help"], "unknown command 'inspct' (Did you mean inspect?)"],
  [["inspect"], "missing required argument 'policy'"],
  [["inspect", "a.onnx", "--templat"], "unknown option '--templat' (Did you mean --template?)"],
  [["inspect", "a.onnx", "b.onnx"], "too many arguments for 'inspect'. Expected 1 argument but got 2."],
])("bad usage: torquelens %j", async (argv, message) => {
  expect(await torquelens(...argv)).toEqual({ ...refusal(message), stdout: "" });
});

test("--debug shows where an error came from", async () => {
  const { code, stderr } = await torquelens("inspect", "none.onnx", "--debug");
  expect(code).toBe(2);
  expect(stderr).toMatch(/^InputError: none\.onnx: cannot read the policy \(no such file\)\n +at /);
});
