import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stringify } from "yaml";
import { float32, Session } from "#src/runtime/session.js";
import { reacherCard } from "../../policy/cards.js";
import { reacherModel } from "../../policy/model.js";
import { inOwnProcess, refusal, torquelens } from "../run.js";

let folder: string;
const file = (name: string) => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-compile-"));
  await writeFile(file("reacher.onnx"), reacherModel());
  await writeFile(file("reacher.yaml"), stringify(reacherCard()));
});
afterAll(() => rm(folder, { recursive: true }));

const feeds = {
  image: {
    dtype: "uint8" as const,
    shape: [1, 64, 80, 3],
    data: Uint8Array.from({ length: 15360 }, (_, i) => (i * 31) % 256),
  },
  configuration: float32([0.3, -0.8, 1, -2, 0.1, 0.2, 0, 0.4, -0.3, 0], [1, 10]),
};

test("the compiled model gives the policy's own torque, shares that sum to 1, and conserves", async () => {
  const { code, stdout, stderr } = await inOwnProcess("compile", file("reacher.onnx"), "-o", file("out.onnx"));
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/^ {2}torquelens\.importance +float32 \[2\]$/m);
  expect(stdout).toMatch(/^ {2}torquelens\.heatmap\.image +float32 \[64, 80\]$/m);
  expect(stdout).toMatch(/^cost \d+\.\d\d × forward by wall time .* × by processor time /m);

  const policy = await Session.create(await readFile(file("reacher.onnx")));
  const { torque } = await policy.run(feeds);
  await policy.release();
  const explained = await Session.create(await readFile(file("out.onnx")));
  const outputs = await explained.run({ ...feeds, "torquelens.importance": float32([1, 1], [2]) });
  await explained.release();
  expect(outputs.torque).toEqual(torque);
  const shares = outputs["torquelens.shares"]!.data as Float32Array;
  expect(shares.reduce((sum, share) => sum + share)).toBeCloseTo(1, 5);
  expect((outputs["torquelens.residual"]!.data as Float32Array)[0]).toBeLessThan(1e-3);
});

test("--json has inputs, outputs and the cost", async () => {
  const argv = ["compile", file("reacher.onnx"), "-o", file("shares.onnx"), "--depth", "shares", "--json"];
  const { code, stdout } = await torquelens(...argv);
  expect(code).toBe(0);
  const report = JSON.parse(stdout);
  expect(report).toMatchObject({ output: file("shares.onnx"), method: "dtd", depth: "shares" });
  expect(report.inputs).toContainEqual({ name: "torquelens.importance", shape: [2], dtype: "float32" });
  const { forward_ms, explained_ms, forward_cpu_ms, explained_cpu_ms, ...ratios } = report.cost;
  expect(ratios.ratio_to_forward).toBeCloseTo(explained_ms / forward_ms, 9);
  expect(ratios.cpu_ratio_to_forward).toBeCloseTo(explained_cpu_ms / forward_cpu_ms, 9);
  expect(forward_cpu_ms).toBeGreaterThan(0);
});

test("refused: an output that cannot be written, before anything else is done", async () => {
  const before = await readdir(folder);
  const output = join(folder, "none", "out.onnx");
  expect(await torquelens("compile", file("none.onnx"), "-o", output)).toEqual({
    ...refusal(`${output}: cannot write it (no such directory), expected a writable file name`),
    stdout: "",
  });
  expect(await readdir(folder)).toEqual(before);
});

test.each([
  ["no output", [], "required option '-o, --output <file>' not specified"],
  [
    "an unknown method",
    ["-o", "x.onnx", "--method", "magic"],
    /^torquelens: method magic is unknown; known are .*dtd.*\n$/,
  ],
  [
    "an unknown depth",
    ["-o", "x.onnx", "--depth", "deep"],
    "option '--depth <depth>' argument 'deep' is invalid. Allowed choices are full, per-torque, shares.",
  ],
])("refused: %s", async (_title, options, message) => {
  const argv = options.map((option) => (option === "x.onnx" ? file(option) : option));
  const { code, stderr } = await torquelens("compile", file("reacher.onnx"), ...argv);
  expect(code).toBe(2);
  if (typeof message === "string") expect(stderr).toBe(`torquelens: ${message}\n`);
  else expect(stderr).toMatch(message);
  expect(await readdir(folder)).not.toContain("x.onnx");
});
