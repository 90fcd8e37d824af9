import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as h5 from "h5wasm/node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Bag } from "#src/bag/bag.js";
import { decoderOf } from "#src/bag/decode.js";
import { openBag } from "#src/bag/open-bag.js";
import { InputError } from "#src/errors.js";
import * as g from "#src/graph/build.js";
import { writeModel } from "#src/graph/onnx-write.js";
import type { Float64MultiArrayMessage, ImageMessage, JointStateMessage } from "#src/messages/types.js";
import { torquelens } from "../cli/run.js";
import { uniform } from "../evaluate.js";

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
    await expect(openBag(`${data}@3`)).rejects.toThrow(`${data}@3: no such episode, expected some of 0, 2, 10`);
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

  /** A leaf's shape, and its values: numbers by default. */
  type Leaf = readonly [shape: readonly number[], data?: "bytes" | "text"];
  type Tree = { readonly [name: string]: Tree | Leaf | undefined };

  function put(group: h5.Group, tree: Tree): void {
    for (const [name, entry] of Object.entries(tree)) {
      if (entry === undefined) continue;
      if (!Array.isArray(entry)) {
        put(group.create_group(name), entry as Tree);
        continue;
      }
      const [shape, kind] = entry as Leaf;
      const size = shape.reduce((a, b) => a * b, 1);
      const values = { bytes: new Uint8Array(size), text: new Array<string>(size).fill("a") };
      group.create_dataset({ name, data: kind ? values[kind] : new Float64Array(size), shape: [...shape] });
    }
  }

  const demo = (frames: number, obs: Tree = {}, others: Tree = {}): Tree => ({
    actions: [[frames, 3]],
    obs: { robot0_joint_pos: [[frames, 7]], agentview_image: [[frames, 6, 8, 3], "bytes"], ...obs },
    ...others,
  });

  /** A file with these demonstrations. */
  function written(name: string, demos: Tree, environment = '{"env_kwargs": {"control_freq": 20}}'): string {
    const path = join(folder, name);
    const file = new h5.File(path, "w");
    const group = file.create_group("data");
    group.create_attribute("env_args", environment);
    put(group, demos);
    file.close();
    return path;
  }

  async function readAll(path: string): Promise<number> {
    const bag = await openBag(path);
    let count = 0;
    try {
      for await (const record of bag.read()) count += record.data.length > 0 ? 1 : 0;
    } finally {
      await bag.close();
    }
    return count;
  }

  const first = demo(5);
  it.each<[string, Tree, string]>([
    ["no actions", { demo_0: demo(5, {}, { actions: undefined }) }, "no data/demo_0/actions"],
    [
      "actions of no frames",
      { demo_0: demo(5, {}, { actions: [[0, 3]] }) },
      "data/demo_0/actions: found [0, 3], expected [frames, numbers]",
    ],
    [
      "actions that are a list",
      { demo_0: demo(5, {}, { actions: [[5]] }) },
      "data/demo_0/actions: found [5], expected [frames, numbers]",
    ],
    [
      "no observations",
      { demo_0: demo(5, {}, { obs: undefined }) },
      "no group data/demo_0/obs, expected demonstrations of robomimic",
    ],
    [
      "text for numbers",
      { demo_0: demo(5, { robot0_joint_pos: [[5, 7], "text"] }) },
      "/data/demo_0/obs/robot0_joint_pos: expected numbers",
    ],
    [
      "an observation less",
      { demo_0: first, demo_2: demo(4, { robot0_joint_pos: undefined }) },
      "no data/demo_2/obs/robot0_joint_pos, expected as in the first demonstration",
    ],
    [
      "fewer joints",
      { demo_0: first, demo_2: demo(4, { robot0_joint_pos: [[4, 6]] }) },
      "data/demo_2/obs/robot0_joint_pos: found [4, 6], expected [4, 7] as in the first demonstration",
    ],
    [
      "fewer frames",
      { demo_0: first, demo_2: demo(4, { robot0_joint_pos: [[3, 7]] }) },
      "data/demo_2/obs/robot0_joint_pos: found [3, 7], expected [4, 7] as in the first demonstration",
    ],
    [
      "other actions",
      { demo_0: first, demo_2: demo(4, {}, { actions: [[4, 2]] }) },
      "data/demo_2/actions: found [4, 2], expected [4, 3] as in the first demonstration",
    ],
    [
      "pictures of another size",
      { demo_0: first, demo_2: demo(4, { agentview_image: [[4, 8, 6, 3], "bytes"] }) },
      "data/demo_2/obs/agentview_image: found bytes [4, 8, 6, 3], expected bytes [4, 6, 8, 3] as in the first demonstration",
    ],
    [
      "pictures that are no bytes",
      { demo_0: first, demo_2: demo(4, { agentview_image: [[4, 6, 8, 3]] }) },
      "data/demo_2/obs/agentview_image: found [4, 6, 8, 3], expected bytes [4, 6, 8, 3] as in the first demonstration",
    ],
    ["no demonstration", { demos: [[3]] }, "no data/demo_0, expected demonstrations of robomimic"],
  ])("%s", async (name, demos, message) => {
    const path = written(`${name}.hdf5`, demos);
    const found = await readAll(path).catch((error: unknown) => error);
    expect(found).toBeInstanceOf(InputError);
    expect((found as Error).message).toContain(`${path}: ${message}`);
    expect((found as Error).message).not.toContain("\n");
  });

  it("but an observation after the last action, and one that is a group, are left out", async () => {
    const plain = written("plain.hdf5", { demo_0: demo(5) });
    const more = written("more.hdf5", { demo_0: demo(5, { robot0_joint_pos: [[6, 7]], object: { pose: [[5, 3]] } }) });
    expect(await readAll(plain)).toBe(5 * 5);
    expect(await readAll(more)).toBe(5 * 5);
  });

  it.each([
    ["null", "no control_freq in its env_args, expected the frames a second"],
    ['{"env_kwargs": {"control_freq": 1e30}}', "control_freq 1e+30 in its env_args, expected 0.001 to 1000000"],
    ['{"env_kwargs": {"control_freq": 0}}', "control_freq 0 in its env_args, expected 0.001 to 1000000"],
  ])("a rate of %s", async (environment, message) => {
    const path = written("odd-rate.hdf5", { demo_0: demo(5) }, environment);
    await expect(openBag(path)).rejects.toThrow(`${path}: data: ${message}`);
  });

  it("damaged bytes, by the innermost reason; read or refused in one line, whatever they are", async () => {
    const bytes = await readFile(written("whole.hdf5", { demo_0: demo(5), demo_2: demo(4) }));
    const path = join(folder, "damaged.hdf5");
    const random = uniform(3);
    let refused = 0;
    for (let i = 0; i < 60; i++) {
      const damaged = Buffer.from(bytes);
      for (let k = 0; k < 300; k++) damaged[8 + Math.floor(random() * (bytes.length - 8))] = Math.floor(random() * 256);
      await writeFile(path, i % 3 === 0 ? damaged.subarray(0, Math.floor(random() * bytes.length)) : damaged);
      const found = await readAll(path).catch((error: unknown) => error);
      if (typeof found === "number") continue;
      refused++;
      expect(found).toBeInstanceOf(InputError);
      expect((found as Error).message).toMatch(/^.*damaged\.hdf5: .+$/);
      expect((found as Error).message).not.toContain("HDF5-DIAG");
    }
    expect(refused).toBeGreaterThan(5);
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

  // Refused at the second demonstration, after frames of the first were explained: nothing is left.
  const broken = join(folder, "broken.hdf5");
  const file = new h5.File(broken, "w");
  const group = file.create_group("data");
  group.create_attribute("env_args", '{"env_kwargs": {"control_freq": 20}}');
  for (const [number, width] of [
    [0, 3],
    [1, 2],
  ] as const) {
    const one = group.create_group(`demo_${number}`);
    one.create_dataset({ name: "actions", data: new Float64Array(6), shape: [2, 3] });
    const obs = one.create_group("obs");
    obs.create_dataset({ name: "robot0_eef_pos", data: new Float64Array(2 * width), shape: [2, width] });
    obs.create_dataset({ name: "robot0_joint_pos", data: new Float64Array(14), shape: [2, 7] });
    const size = HEIGHT * WIDTH * 3;
    obs.create_dataset({ name: "agentview_image", data: new Uint8Array(2 * size), shape: [2, HEIGHT, WIDTH, 3] });
  }
  file.close();
  const before = await readdir(folder);
  const refused = await torquelens(
    ...["replay", broken, "--policy", policy, "-o", join(folder, "none.mcap")],
    ...["--image", "agentview=/observation/images/agentview"],
  );
  expect([refused.code, refused.stderr.trim().split("\n").at(-1)]).toEqual([
    2,
    expect.stringContaining(
      "data/demo_1/obs/robot0_eef_pos: found [2, 2], expected [2, 3] as in the first demonstration",
    ),
  ]);
  expect(await readdir(folder)).toEqual(before);
});
