import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as h5 from "h5wasm/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Bag } from "#src/bag/bag.js";
import { decoderOf } from "#src/bag/decode.js";
import { openBag } from "#src/bag/open-bag.js";
import * as g from "#src/graph/build.js";
import { writeModel } from "#src/graph/onnx-write.js";
import type { Float64MultiArrayMessage, ImageMessage, JointStateMessage } from "#src/messages/types.js";
import { torquelens } from "../cli/run.js";

/** test/data/robomimic.hdf5, written by h5py: demonstrations 0, 2 and 10 of 5, 4 and 3 frames, 20 a second. */
const data = new URL("../data/robomimic.hdf5", import.meta.url).pathname;
const DEMOS = [
  [0, 5],
  [2, 4],
  [10, 3],
] as const;
const [HEIGHT, WIDTH] = [6, 8];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-robomimic-"));
  await h5.ready;
});
afterAll(() => rm(folder, { recursive: true }));

async function messagesOf<T>(bag: Bag, name: string): Promise<{ readonly at: number; readonly message: T }[]> {
  const topic = bag.topics.find((one) => one.name === name)!;
  const decode = decoderOf(topic, bag.path);
  const found: { at: number; message: T }[] = [];
  for await (const { logTime, data: bytes } of bag.read({ topics: new Set([name]) }))
    found.push({ at: Number(logTime - bag.start) / 1e9, message: decode(bytes) as T });
  expect(found.length).toBe(topic.messages);
  return found;
}

const rounded = (values: Iterable<number>) => Array.from(values, (value) => Number(value.toFixed(4)) + 0);
const frames = DEMOS.flatMap(([episode, length]) => Array.from({ length }, (_, k) => [episode, k] as const));

describe("robomimic's HDF5 as a bag", () => {
  it("has joints, other observations and actions of all demonstrations in the order of their numbers", async () => {
    const bag = await openBag(data);
    const joints = await messagesOf<JointStateMessage>(bag, "/joint_states");
    const seven = [0, 1, 2, 3, 4, 5, 6];
    expect(joints.map(({ message }) => [rounded(message.position), rounded(message.velocity)])).toEqual(
      frames.map(([, k]) => [rounded(seven.map((j) => 0.1 * k + j)), rounded(seven.map((j) => 0.01 * k - j))]),
    );
    const tips = await messagesOf<Float64MultiArrayMessage>(bag, "/values/robot0_eef_pos");
    expect(tips.map(({ message }) => rounded(message.data))).toEqual(
      frames.map(([, k]) => rounded([0.5 + 0.1 * k, 0, 1])),
    );
    const actions = await messagesOf<Float64MultiArrayMessage>(bag, "/action");
    expect(actions.map(({ message }) => rounded(message.data))).toEqual(
      frames.map(([episode, k]) => rounded([0.1 * k, -0.1 * k, episode])),
    );
    const starts = [0, 10 + 0.25, 20 + 0.45];
    const expected = DEMOS.flatMap(([, length], d) => Array.from({ length }, (_, k) => starts[d]! + k / 20));
    expect(rounded(actions.map(({ at }) => at))).toEqual(rounded(expected));
    const outcomes = await messagesOf<{ data: string }>(bag, "/outcome");
    expect(outcomes.map(({ message }) => JSON.parse(message.data).success)).toEqual([true, false, true]);
    await bag.close();
  });

  it("has the pictures of each camera, to the pixel", async () => {
    const bag = await openBag(data);
    for (const [camera, rowOf] of [
      ["agentview", (y: number) => y],
      ["robot0_eye_in_hand", (y: number) => HEIGHT - 1 - y],
    ] as const) {
      const images = await messagesOf<ImageMessage>(bag, `/observation/images/${camera}`);
      images.forEach(({ message }, i) => {
        const [episode, k] = frames[i]!;
        const expected = Array.from({ length: HEIGHT * WIDTH }, (_, at) => {
          const [y, x] = [Math.floor(at / WIDTH), at % WIDTH];
          return [20 * k + 5, rowOf(y) * WIDTH + x, episode];
        }).flat();
        expect([message.height, message.width, message.encoding]).toEqual([HEIGHT, WIDTH, "rgb8"]);
        expect(Array.from(message.data)).toEqual(expected);
      });
    }
    await bag.close();
  });

  it("is read in part", async () => {
    for (const [range, count] of [
      ["@2", 4],
      ["@1-20", 7],
    ] as const) {
      const bag = await openBag(data + range);
      expect(await messagesOf(bag, "/action")).toHaveLength(count);
      await bag.close();
    }
    await expect(openBag(`${data}@3`)).rejects.toThrow(`${data}@3: no such episode, expected some of 0 to 10`);
  });
});

describe("refused in one line", () => {
  /** A copy, changed. */
  async function changed(name: string, change: (file: h5.File) => void): Promise<string> {
    const path = join(folder, name);
    await copyFile(data, path);
    const file = new h5.File(path, "a");
    change(file);
    file.close();
    return path;
  }

  it("no rate", async () => {
    const path = await changed("rate.hdf5", (file) => {
      const group = file.get("data") as h5.Group;
      group.delete_attribute("env_args");
      group.create_attribute("env_args", "{}");
    });
    await expect(openBag(path)).rejects.toThrow(
      `${path}: data: no control_freq in its env_args, expected the frames a second`,
    );
  });

  it("another HDF5, and one that is cut short", async () => {
    const other = join(folder, "other.hdf5");
    const file = new h5.File(other, "w");
    file.create_dataset({ name: "x", data: new Float32Array(3) });
    file.close();
    await expect(openBag(other)).rejects.toThrow(`${other}: no group data, expected demonstrations of robomimic`);
    const cut = join(folder, "cut.hdf5");
    await writeFile(cut, (await readFile(data)).subarray(0, 5000));
    await expect(openBag(cut)).rejects.toThrow(/cut\.hdf5: (cannot be read as HDF5|no group data)/);
  });
});

it("is replayed with a policy", async () => {
  const [image, tip] = [g.input("view", "uint8", [1, HEIGHT, WIDTH, 3]), g.input("tip", "float32", [1, 3])];
  const seen = g.reshape(g.mean(g.cast(image, "float32"), [1, 2]), [1, 3]);
  const weight = g.tensor(
    "float32",
    [6, 2],
    Array.from({ length: 12 }, (_, i) => Math.sin(i)),
  );
  const torque = g.matmul(g.concat([g.mul(seen, 0.01), tip], 1), weight);
  const policy = join(folder, "policy.onnx");
  const graph = { name: "lift", metadata: new Map(), opset: 18 };
  await writeFile(
    policy,
    writeModel({
      ...graph,
      inputs: new Map([image, tip].map((value) => [value.name!, value])),
      outputs: new Map([["torque", torque]]),
    }),
  );
  await writeFile(
    join(folder, "policy.yaml"),
    `torquelens_card: 1
name: lift
control_period: 0.05
joints: [joint_0, joint_1]
torque: { output: torque, limits: 10 }
inputs:
  view: { modality: agentview, encoding: rgb8, layout: NHWC, range: [0, 255] }
  tip:
    - { modality: robot0_eef_pos, start: 0, size: 3 }
`,
  );
  const { code, stdout, stderr } = await torquelens(
    ...["replay", `${data}@0-2`, "--policy", policy, "-o", join(folder, "out.mcap"), "--json"],
    ...["--image", "agentview=/observation/images/agentview"],
  );
  expect([code, stderr]).toEqual([0, ""]);
  const lines = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines.at(-1).summary).toMatchObject({ explained: 9, episodes: 2 });
  // The second frame of the first demonstration.
  const inputs = [0.25, 0.235, 0, 0.6, 0, 1];
  const expected = [0, 1].map((j) => inputs.reduce((sum, x, i) => sum + x * Math.sin(2 * i + j), 0));
  expect(rounded(lines[1].torque)).toEqual(rounded(expected));
});
