import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { COMMANDS } from "#src/cli/command-table.js";

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
  expect(status).toBe(argv[0] === "nosuch" ? 2 : 0);
  return readFileSync(log, "utf8").trim().split("\n");
}

/** Packages outside node and this repository. */
const packagesOf = (urls: readonly string[]) => [
  ...new Set(urls.flatMap((url) => /\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1] ?? [])),
];

/** Names of a folder's files that were imported, without those that several commands share. */
const filesOf = (folder: string, urls: readonly string[]) => [
  ...new Set(
    urls.flatMap((url) => new RegExp(`/dist/cli/${folder}/(?!shared|explaining)(.+)\\.js$`).exec(url)?.[1] ?? []),
  ),
];

test.each(["--help", "--version", "nosuch"])("%s loads no command's options", (line) => {
  const urls = modulesOf(line);
  expect(packagesOf(urls)).toEqual(["commander"]);
  expect(urls.filter((url) => /\/dist\/cli\/(options|commands|input)\//.test(url))).toEqual([]);
});

test.each(Object.keys(COMMANDS))("help of %s loads only what parses its options", (name) => {
  const urls = modulesOf(name, "--help");
  expect(packagesOf(urls)).toEqual(["commander"]);
  expect(filesOf("options", urls)).toEqual([name]);
  expect(filesOf("commands", urls)).toEqual([]);
});

test("a command loads what it uses", () => {
  const urls = modulesOf("methods");
  expect(filesOf("options", urls)).toEqual(["methods"]);
  expect(filesOf("commands", urls)).toEqual(["methods"]);
  const packages = packagesOf(urls);
  expect(packages).toContain("zod");
  expect(packages).not.toContain("onnxruntime-node");
});
