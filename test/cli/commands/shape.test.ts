import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type ModelProto, ONNX } from "#src/graph/onnx-schema.js";
import { decodeMessage, encodeMessage } from "#src/graph/protobuf.js";
import { shippedPolicy } from "#src/package-files.js";
import { loadPolicy } from "#src/policy/policy.js";
import { torquelens } from "../run.js";

let folder = "";
const file = (name: string) => join(folder, name);
/** Shape of the camera's input in the shipped file, as `--shape` takes it. */
let shape = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-"));
  const path = shippedPolicy("reacher");
  const { modalities } = await loadPolicy(path);
  const { input } = modalities.find(({ kind }) => kind === "image")!;
  const model = decodeMessage(ONNX, "ModelProto", await readFile(path)) as unknown as ModelProto;
  const { dim } = model.graph!.input.find(({ name }) => name === input)!.type!.tensorType!.shape!;
  shape = `${input}=${dim.map(({ dimValue }) => dimValue).join("x")}`;
  for (const axis of [1, 2, 3]) dim[axis] = { dimParam: `d${axis}` };
  await writeFile(file("open.onnx"), encodeMessage(ONNX, "ModelProto", model as never));
  for (const [name, as] of [
    ["reacher.yaml", "open.yaml"],
    ["reacher.xml", "reacher.xml"],
  ] as const)
    await copyFile(join(dirname(path), name), file(as));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("a policy with open axes is simulated, replayed and examined with --shape", async () => {
  const sim = ["sim", "--policy", file("open.onnx"), "--ticks", "3", "--speed", "0", "--no-live"];
  const told = await torquelens(...sim);
  expect(told.code).toBe(2);
  expect(told.stderr).toContain("--shape");
  const ran = await torquelens(...sim, "--shape", shape, "--record", file("run.mcap"));
  expect([ran.code, ran.stderr]).toEqual([0, ""]);
  const given = ["--policy", file("open.onnx"), "--shape", shape];
  const replayed = await torquelens("replay", file("run.mcap"), ...given, "-o", file("again.mcap"), "--json");
  expect([replayed.code, replayed.stderr]).toEqual([0, ""]);
  const lines = replayed.stdout.trim().split("\n");
  expect(lines).toHaveLength(4);
  const asked = await torquelens("whatif", file("run.mcap"), ...given, "--at", "0.1", "--json");
  expect([asked.code, asked.stderr]).toEqual([0, ""]);
  const examined = await torquelens("doctor", file("open.onnx"), "--shape", shape, "--json");
  expect(examined.stdout).toContain("shapes");
});
