import { mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { loadModel } from "#src/policy/policy.js";
import { torquelens } from "../cli/run.js";
import { GRAPH_NETWORKS } from "./graph-networks.js";
import { save } from "./saved.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-convert-"));
});
afterAll(() => rm(folder, { recursive: true }));

let model: string;
let at = "";
beforeEach(async () => {
  at = await mkdtemp(join(folder, "case-"));
  const network = GRAPH_NETWORKS["fused products"]!();
  model = await save(join(at, "web"), { format: "graph-model", ...network, shardBytes: 400 });
});

/** Converts what a change has made of the model; returns what is said. Nothing may be written. */
async function refused(change: (text: string) => string | Promise<string>): Promise<string> {
  await writeFile(model, await change(await readFile(model, "utf8")));
  const { code, stderr: said } = await torquelens("convert", model, "-o", join(at, "out.onnx"));
  expect(code).toBe(2);
  expect(await readdir(at)).toEqual(["web"]);
  return said.replaceAll(`${model}: `, "").replaceAll(join(at, "web"), "web");
}

const same = (text: string) => text;
const shard = (name: string) => join(at, "web", name);

test("a shard that is missing, and one of another size", async () => {
  await truncate(shard("group1-shard2of2.bin"), 12);
  expect(await refused(same)).toBe(
    "torquelens: group1-shard1of2.bin and group1-shard2of2.bin have 412 bytes, expected 620 for 6 weights\n",
  );
  await rm(shard("group1-shard2of2.bin"));
  expect(await refused(same)).toBe(
    "torquelens: the shard group1-shard2of2.bin is missing, expected in the model's folder\n",
  );
});

test("a shard outside of the model's folder, also through a link", async () => {
  const outside = (text: string) => text.replace("group1-shard2of2.bin", "../secret.bin");
  const expected = (name: string) =>
    `torquelens: its weights are in ${name}, outside of the model's folder; expected a file in it\n`;
  expect(await refused(outside)).toBe(expected("../secret.bin"));
  await mkdir(join(folder, "elsewhere"), { recursive: true });
  await rename(shard("group1-shard1of2.bin"), join(folder, "elsewhere", "data.bin"));
  await symlink(join(folder, "elsewhere", "data.bin"), shard("group1-shard1of2.bin"));
  expect(await refused((text) => text.replace("../secret.bin", "group1-shard2of2.bin"))).toBe(
    expected("group1-shard1of2.bin"),
  );
});

test("an operation that is not known, with those of a like name; weights without scale, or of another type", async () => {
  expect(await refused((text) => text.replace('"op":"MatMul"', '"op":"MatMulTwice"'))).toBe(
    'torquelens: node "n8" (MatMulTwice): not supported; nearest are MatMul, _FusedMatMul, BatchMatMul, BatchMatMulV2\n',
  );
  expect(await refused((text) => text.replace("MatMulTwice", "MatMul").replace('"float32"', '"complex64"'))).toMatch(
    /is complex64; supported are float32, int32, bool\n$/,
  );
  const network = GRAPH_NETWORKS["fused products"]!();
  model = await save(join(at, "web"), { format: "graph-model", ...network, storage: "uint8" });
  expect(await refused((text) => text.replace('"scale"', '"size"'))).toBe(
    'torquelens: the weight "n1" is stored as uint8 without scale and min\n',
  );
});

test("what is no model of TensorFlow.js", async () => {
  expect(await refused(() => '{"weights": []}')).toBe(
    'torquelens: not a model of TensorFlow.js, expected "modelTopology" and "weightsManifest"\n',
  );
  expect(await refused(() => '{"modelTopology": ')).toBe(
    "torquelens: not JSON (truncated, or not a model of TensorFlow.js)\n",
  );
  expect(await refused(() => "graph { }")).toBe(
    "torquelens: expected the model.json of a TensorFlow.js model, or --shape with an ONNX file\n",
  );
});

test("a file with any one value changed, or cut off, is read or refused in one line", async () => {
  const values = ["-1", "0", "1e9", "null", '"x"', "[]", "{}", "3.5", "1e308", "[1,2]"];
  const networks = Object.values(GRAPH_NETWORKS).map((network) => network());
  let seed = 11;
  const random = (below: number) => {
    seed = (seed * 16807) % 2147483647;
    return seed % below;
  };
  const kinds = new Set<string>();
  for (let k = 0; k < 120; k++) {
    const path = await save(join(at, "damaged"), { format: "graph-model", ...networks[random(networks.length)]! });
    const text = await readFile(path, "utf8");
    const tokens = [...text.matchAll(/(?<=[:,[])(-?\d+(\.\d+)?|"[^"]*"|true|false|null)(?=[,\]}])/g)];
    const [token, value] = [tokens[random(tokens.length)]!, values[random(values.length)]!];
    const changed = text.slice(0, token.index) + value + text.slice(token.index + token[0].length);
    await writeFile(path, k % 10 === 0 ? text.slice(0, random(text.length)) : changed);
    const problem = await loadModel(path).then(
      () => undefined,
      (error: Error) => error,
    );
    kinds.add(problem?.name ?? "read");
    expect(problem?.message ?? "").not.toContain("\n");
  }
  expect([...kinds].sort()).toEqual(["InputError", "read"]);
});

test("commands take model.json with a card beside it, and explain what the converted file does", async () => {
  const card = `torquelens_card: 1
name: web
control_period: 0.05
joints: [a, b, c]
torque: { output: n11, limits: 1 }
inputs: { x: [{ modality: joint_position, start: 0, size: 3 }, { modality: joint_velocity, start: 3, size: 3 }] }
`;
  await writeFile(join(at, "web", "model.yaml"), card);
  await writeFile(join(at, "out.yaml"), card);
  await writeFile(
    join(at, "state.json"),
    JSON.stringify({ joint_position: [0.1, -0.2, 0.3], joint_velocity: [1, 0, -1] }),
  );
  expect((await torquelens("convert", model, "-o", join(at, "out.onnx"))).code).toBe(0);
  const explained = await Promise.all(
    [model, join(at, "out.onnx")].map(async (path) => {
      const { code, stdout, stderr } = await torquelens("explain", path, "--state", join(at, "state.json"), "--json");
      expect([code, stderr]).toEqual([0, ""]);
      return JSON.parse(stdout) as { torque: number[]; shares: object };
    }),
  );
  expect(explained[0]!.torque).toEqual(explained[1]!.torque);
  expect(explained[0]!.shares).toEqual(explained[1]!.shares);
  const { code, stdout } = await torquelens("inspect", model, "--method", "gradient");
  expect([code, stdout.includes("with weights in group1-shard1of2.bin, group1-shard2of2.bin")]).toEqual([0, true]);
});
