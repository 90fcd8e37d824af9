import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const model = fileURLToPath(new URL("../../models/reacher.onnx", import.meta.url));
const dist = (file: string): string => new URL(`../../dist/${file}`, import.meta.url).href;

let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "torquelens-home-"));
});
afterEach(() => rm(home, { recursive: true }));

/** Runs Node.js in a process with a home of its own, and returns what it left there. */
async function left(...argv: string[]): Promise<string[]> {
  const env = { PATH: process.env.PATH, HOME: home };
  await promisify(execFile)(process.execPath, argv, { env });
  return readdir(home, { recursive: true });
}

const read = `const model = (await import("node:fs")).readFileSync(${JSON.stringify(model)});`;

describe("onnxruntime keeps and sends nothing about a run", () => {
  it.each([
    ["in this thread", "runtime/models.js", "LocalModels"],
    ["in a thread of its own", "runtime/worker-models.js", "WorkerModels"],
  ])("%s", async (_, file, name) => {
    const script = join(home, "run.mjs");
    const text = `${read}
      const { ${name} } = await import(${JSON.stringify(dist(file))});
      const models = await ${name}.create({ model: new Uint8Array(model) });
      await models.release();`;
    await writeFile(script, text);
    expect(await left(script)).toEqual(["run.mjs"]);
  });

  it("also from the command line", async () => {
    const cli = fileURLToPath(new URL("../../bin/torquelens.js", import.meta.url));
    expect(await left(cli, "compile", model, "-o", join(home, "out.onnx"))).toEqual(["out.onnx"]);
  });
});
