import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import * as ort from "onnxruntime-node";
import { afterEach, beforeEach, expect, test } from "vitest";
import { stringify } from "yaml";
import { InputError } from "#src/errors.js";
import { ATTRIBUTE_TYPE } from "#src/graph/onnx-schema.js";
import { readModelFile } from "#src/policy/model-file.js";
import { loadModel, loadPolicy } from "#src/policy/policy.js";
import { modelBytes, valueInfo } from "../graph/onnx-model.js";
import { reacherCard } from "./cards.js";
import { reacherModel } from "./model.js";
import { type Layout, ONE_FILE, scatter } from "./scatter.js";

let folder: string;
const at = (name: string) => join(folder, name);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-data-files-"));
});
afterEach(() => rm(folder, { recursive: true }));

const options = { intraOpNumThreads: 1, interOpNumThreads: 1, logSeverityLevel: 4 as const };

/** Outputs of a model on ramps. onnxruntime reads a path's data by itself. */
async function run(model: string | Uint8Array, shapes: Readonly<Record<string, readonly [string, number[]]>>) {
  const session = await ort.InferenceSession.create(model as string, options);
  const feeds = Object.fromEntries(
    Object.entries(shapes).map(([name, [type, shape]]) => {
      const size = shape.reduce((a, b) => a * b);
      const numbers = Array.from({ length: size }, (_, i) => (type === "uint8" ? (7 * i) % 251 : Math.sin(i)));
      const data = type === "uint8" ? Uint8Array.from(numbers) : Float32Array.from(numbers);
      return [name, new ort.Tensor(type as "float32", data as Float32Array, shape)];
    }),
  );
  const found = await session.run(feeds);
  await session.release();
  return Object.fromEntries(Object.entries(found).map(([name, { data }]) => [name, Array.from(data as Float32Array)]));
}

const REACHER = { image: ["uint8", [1, 64, 80, 3]], configuration: ["float32", [1, 10]] } as const;
const runReacher = (model: string | Uint8Array) => run(model, REACHER as never);

const LAYOUTS: Readonly<Record<string, Layout>> = {
  "one file": ONE_FILE,
  "one file, aligned to pages": { ...ONE_FILE, alignment: 4096 },
  "a file for each tensor, in a folder": { location: (i) => `weights/tensor ${i}.bin`, keys: [] },
  "two files, without lengths": { location: (i) => `./${i % 2}.data`, keys: ["offset"] },
};

test.each(Object.entries(LAYOUTS))("a model's data is read from files: %s", async (_title, layout) => {
  const inside = reacherModel();
  const path = await scatter(inside, folder, layout);
  const { bytes } = await loadModel(path);
  const torques = await runReacher(inside);
  expect(await runReacher(path)).toEqual(torques);
  expect(await runReacher(bytes)).toEqual(torques);
});

test("PyTorch's default export is a policy, and its digest is that of its two files", async () => {
  const path = new URL("../data/field/external-data/default.onnx", import.meta.url).pathname;
  const policy = await loadPolicy(path);
  const inputs = { image: ["float32", [1, 3, 13, 18]], state: ["float32", [1, 4]] };
  expect(await run(policy.bytes, inputs as never)).toEqual(await run(path, inputs as never));
  const files = createHash("sha256")
    .update(readFileSync(path))
    .update(readFileSync(`${path}.data`));
  expect(policy.sha256).toBe(files.digest("hex"));
  expect(policy.dataFiles).toEqual([`${path}.data`]);
});

test("the digest is of the data that is used: it changes with it, not with gaps between tensors", async () => {
  const path = await scatter(reacherModel(), folder, { ...ONE_FILE, alignment: 64 });
  const digest = async () => (await readModelFile(path)).sha256;
  const first = await digest();
  const data = await readFile(at("policy.data"));
  data[data.indexOf(0xee, 4 * 3 * 7 * 7 * 4)]! ^= 1;
  await writeFile(at("policy.data"), data);
  expect(await digest()).toBe(first);
  data[0]! ^= 1;
  await writeFile(at("policy.data"), data);
  expect(await digest()).not.toBe(first);
});

test("data of a Constant and of a branch's initializer is read", async () => {
  const three = (name: string, values: number[]) => ({
    dims: [3],
    dataType: 1,
    name,
    rawData: new Uint8Array(Float32Array.from(values).buffer),
  });
  const branch = (name: string, values: number[]) => ({
    g: {
      node: [{ input: ["x", name], output: [`${name}y`], opType: "Add" }],
      name,
      initializer: [three(name, values)],
      output: [valueInfo(`${name}y`, "float32", [3])],
    },
    type: ATTRIBUTE_TYPE.graph,
  });
  const inside = modelBytes({
    nodes: [
      { op: "Constant", inputs: [], outputs: ["c"], attributes: { value: { t: three("", [1, 2, 3]), type: 4 } } },
      { op: "ReduceSum", inputs: ["c"], outputs: ["s"], attributes: { keepdims: 0 } },
      { op: "Cast", inputs: ["s"], outputs: ["positive"], attributes: { to: 9 } },
      {
        op: "If",
        inputs: ["positive"],
        outputs: ["y"],
        attributes: { then_branch: branch("then", [10, 20, 30]), else_branch: branch("else", [7, 8, 9]) },
      },
    ],
    inputs: [valueInfo("x", "float32", [3])],
    outputs: [valueInfo("y", "float32", [3])],
  });
  const path = await scatter(inside, folder);
  const { bytes } = await readModelFile(path);
  expect(await run(bytes, { x: ["float32", [3]] })).toEqual({
    y: [10, 20, 30].map((w, i) => Math.fround(w + Math.fround(Math.sin(i)))),
  });
  expect(bytes.byteLength).toBe(inside.byteLength);
});

test("a model without data outside is taken byte for byte", async () => {
  await writeFile(at("policy.onnx"), reacherModel());
  const file = await readModelFile(at("policy.onnx"));
  expect(Buffer.from(file.bytes).equals(reacherModel())).toBe(true);
  expect(file.sha256).toBe(createHash("sha256").update(reacherModel()).digest("hex"));
  expect(file.dataFiles).toEqual([]);
});

test("a model that is a link has its data beside the link, or beside the file that it leads to", async () => {
  const inside = await runReacher(reacherModel());
  for (const name of ["blobs", "snapshot", "elsewhere"]) await mkdir(at(name));
  // As Hugging Face's cache keeps a model: both names are links into a folder of blobs.
  await scatter(reacherModel(), at("blobs"));
  await rename(at("blobs/policy.onnx"), at("blobs/1"));
  await rename(at("blobs/policy.data"), at("blobs/2"));
  await symlink("../blobs/1", at("snapshot/policy.onnx"));
  await symlink("../blobs/2", at("snapshot/policy.data"));
  expect(await runReacher((await loadModel(at("snapshot/policy.onnx"))).bytes)).toEqual(inside);
  await scatter(reacherModel(), folder);
  await symlink("../policy.onnx", at("elsewhere/link.onnx"));
  expect(await runReacher((await loadModel(at("elsewhere/link.onnx"))).bytes)).toEqual(inside);
});

/** A model of one weight [2, 3] with these entries of external_data, beside a file `w.data` of 24 bytes and one of 8. */
async function oneWeight(entries: Readonly<Record<string, string>>, tensor: object = {}): Promise<string> {
  await writeFile(at("w.data"), new Uint8Array(24));
  await writeFile(at("short.data"), new Uint8Array(8));
  const externalData = Object.entries(entries).map(([key, value]) => ({ key, value }));
  const weight = { dims: [2, 3], dataType: 1, name: "w", dataLocation: 1, externalData, ...tensor };
  const bytes = modelBytes({
    nodes: [{ op: "MatMul", inputs: ["x", "w"], outputs: ["y"] }],
    inputs: [valueInfo("x", "float32", [1, 2])],
    outputs: [valueInfo("y", "float32", [1, 3])],
    initializers: [weight],
  });
  await writeFile(at("p.onnx"), bytes);
  return at("p.onnx");
}

const SHA1 = createHash("sha1").update(new Uint8Array(24)).digest("hex");

test.each([
  ["no offset and no length", { location: "w.data" }],
  ["a way through a folder and back", { location: "sub/../w.data" }],
  ["the file's SHA-1", { location: "w.data", checksum: SHA1.toUpperCase() }],
  ["keys that the standard does not name", { location: "w.data", basepath: "/nowhere", prepacked: "1" }],
])("taken: %s", async (_title, entries) => {
  expect((await loadModel(await oneWeight(entries))).graph.outputs.get("y")!.shape).toEqual([1, 3]);
});

test("entries of external_data count only where the data is said to be outside", async () => {
  const rawData = new Uint8Array(24);
  const path = await oneWeight({ location: "gone.data" }, { dataLocation: 0, rawData });
  expect((await loadModel(path)).dataFiles).toEqual([]);
});

const REFUSED: Readonly<Record<string, readonly [entries: Record<string, string>, message: string, tensor?: object]>> =
  {
    "a missing file": [
      { location: "gone.data" },
      ": its data is in other files, and these are missing: gone.data; expected in the model's folder " +
        "(or export it with all data inside, in PyTorch by external_data=False)",
    ],
    "no file name": [{ offset: "0" }, ': tensor "w": its data is stored outside the model, without the file\'s name'],
    "a way out of the folder": [
      { location: "../w.data" },
      ': tensor "w": its data is in ../w.data, outside of the model\'s folder; expected a file in it',
    ],
    "a way out through a folder": [{ location: "sub/../../w.data" }, "outside of the model's folder"],
    "an absolute path": [{ location: "/etc/hostname" }, "outside of the model's folder"],
    "a link that leaves the folder": [{ location: "leaves.data" }, "outside of the model's folder"],
    "a linked folder": [{ location: "linked/hostname" }, "outside of the model's folder"],
    "a folder": [{ location: "sub" }, ': tensor "w": its data is in sub, which is no file'],
    "a device": [{ location: "zero" }, "outside of the model's folder"],
    "a name with a zero": [{ location: "w\0.data" }, "in a file whose name cannot be one"],
    "a name of two lines": [{ location: "w\n.data" }, "in a file whose name cannot be one"],
    "a file that is too short": [
      { location: "short.data", length: "24" },
      ': tensor "w": its data is bytes 0 to 24 of short.data, which has 8 bytes: truncated, or of another model',
    ],
    "an offset past the end": [
      { location: "w.data", offset: "4" },
      "its data is bytes 4 to 28 of w.data, which has 24",
    ],
    "a length that does not fit": [
      { location: "w.data", length: "20" },
      ': tensor "w": a float32 tensor of shape [2,3] needs 24 bytes and has 20 bytes in w.data',
    ],
    "an offset that is no number": [
      { location: "w.data", offset: "-4" },
      ': tensor "w": offset "-4" of its data outside, expected a number of bytes, 0 or more',
    ],
    "an offset beyond all files": [{ location: "w.data", offset: "9".repeat(30) }, 'offset "999'],
    "another checksum": [
      { location: "w.data", checksum: "0".repeat(40) },
      `checksum ${"0".repeat(40)} of w.data, found SHA-1 ${SHA1}; it was changed`,
    ],
    "a shape that no file holds": [
      { location: "w.data" },
      ': tensor "w": shape [2147483648,2147483648] is larger than any file',
      { dims: [2 ** 31, 2 ** 31] },
    ],
    "a shape that is too large for the file": [
      { location: "w.data" },
      "of w.data, which has 24 bytes: truncated, or of another model",
      { dims: [2 ** 24, 2 ** 24] },
    ],
    "a negative extent": [{ location: "w.data" }, "shape [-2,3] has a negative extent", { dims: [-2, 3] }],
    "four-bit integers": [{ location: "w.data" }, "element type 22 is not supported", { dataType: 22 }],
    "more than one ONNX file can hold": [
      { location: "large.data" },
      ": with its data in other files it has 2.3 GiB; expected less than the 2 GiB that one ONNX file can hold",
      { dims: [600, 2 ** 20] },
    ],
  };

test.each(Object.entries(REFUSED))("refused: %s", async (_title, [entries, message, tensor]) => {
  await mkdir(at("sub"));
  await symlink("/etc/hostname", at("leaves.data"));
  await symlink("/etc", at("linked"));
  await symlink("/dev/zero", at("zero"));
  await writeFile(at("large.data"), "");
  await truncate(at("large.data"), 600 * 2 ** 22);
  const path = await oneWeight(entries, tensor);
  const error: unknown = await loadModel(path).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(InputError);
  const text = (error as Error).message;
  if (message.startsWith(":")) expect(text).toBe(`${path}${message}`);
  else expect(text).toContain(message);
});

test("refused: all missing files are named at once, the first five of many", async () => {
  const path = await scatter(reacherModel(), folder, { location: (i) => `${i}.data` });
  for (let i = 0; i < 7; i++) await rm(at(`${i}.data`), { force: true });
  await expect(loadModel(path)).rejects.toThrow(
    "these are missing: 0.data, 1.data, 2.data, 3.data, 4.data and 2 more;",
  );
});

test("a policy is not read from a model that was damaged anywhere, or it is another policy", async () => {
  const path = await scatter(reacherModel({ "torquelens.card": stringify(reacherCard()) }), folder);
  const bytes = await readFile(path);
  const whole = (await readModelFile(path)).sha256;
  await fc.assert(
    fc.asyncProperty(fc.nat(bytes.length - 1), fc.nat(254), fc.boolean(), async (place, change, cut) => {
      const damaged = Uint8Array.from(cut ? bytes.subarray(0, place) : bytes);
      if (!cut) damaged[place] = (damaged[place]! + 1 + change) % 256;
      await writeFile(at("damaged.onnx"), damaged);
      const found = await loadPolicy(at("damaged.onnx")).catch((error: unknown) => error);
      if (found instanceof Error) expect(found).toBeInstanceOf(InputError);
      else expect((found as { sha256: string }).sha256).not.toBe(whole);
    }),
    { numRuns: 300, seed: 15 },
  );
});
