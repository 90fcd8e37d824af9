import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { refusal, torquelens } from "./run.js";

test("--version prints the package's version", async () => {
  const { version } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  expect(await torquelens("--version")).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
});

test("--help lists the commands, and every command has its own", async () => {
  const { code, stdout } = await torquelens("--help");
  expect(code).toBe(0);
  const commands = [...stdout.matchAll(/^ {2}([a-z]+)( \[options\])? .*$/gm)].map((match) => match[1]!);
  expect(commands).toContain("inspect");
  for (const command of commands.filter((name) => name !== "help")) {
    const help = await torquelens(command, "--help");
    expect([help.code, help.stderr]).toEqual([0, ""]);
    expect(help.stdout).toContain(`Usage: torquelens ${command}`);
    expect(help.stdout).toContain("--debug");
  }
});

test("without a command the help is printed and the usage is bad", async () => {
  const { code, stderr } = await torquelens();
  expect(code).toBe(2);
  expect(stderr).toContain("Usage: torquelens");
});

test.each([
  [["inspct"], "unknown command 'inspct' (Did you mean inspect?)"],
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
