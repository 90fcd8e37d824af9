import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { torquelens } from "./run.js";

const program = fileURLToPath(new URL("../../bin/torquelens.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "torquelens-loading-"));
const log = join(folder, "modules");
afterAll(() => rmSync(folder, { recursive: true }));

const dataUrl = (code: string) => `data:text/javascript,${encodeURIComponent(code)}`;
const HOOKS = dataUrl(`
  import { appendFileSync } from "node:fs";
  export async function resolve(specifier, context, next) {
    const found = await next(specifier, context);
    appendFileSync(${JSON.stringify(log)}, found.url + "\\n");
    return found;
  }`);
const REGISTER = dataUrl(`import { register } from "node:module"; register(${JSON.stringify(HOOKS)});`);

/** URLs of the modules that a run of the command line imports. */
function modulesOf(...argv: string[]): string[] {
  rmSync(log, { force: true });
  const { status } = spawnSync(process.execPath, ["--import", REGISTER, program, ...argv]);
  expect(status).toBe(0);
  return readFileSync(log, "utf8").trim().split("\n");
}

/** Packages outside node and this repository. */
const packagesOf = (urls: readonly string[]) => [
  ...new Set(urls.flatMap((url) => /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1] ?? [])),
];

const commands = [...(await torquelens("--help")).stdout.matchAll(/^ {2}([a-z-]+) \[/gm)].map((match) => match[1]!);

test("help lists the commands", () => expect(commands).toContain("sim-node"));

test.each(["--help", ...commands.map((name) => `${name} --help`)])("%s loads only what parses options", (line) => {
  const urls = modulesOf(...line.split(" "));
  expect(packagesOf(urls)).toEqual(["commander"]);
  expect(urls.filter((url) => url.includes("/dist/cli/commands/"))).toEqual([]);
});

test("a command loads what it uses", () => {
  const packages = packagesOf(modulesOf("methods"));
  expect(packages).toContain("zod");
  expect(packages).not.toContain("onnxruntime-node");
});
