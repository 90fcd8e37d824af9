import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stringify } from "yaml";
import * as g from "#src/graph/build.js";
import { writeModel } from "#src/graph/onnx-write.js";
import { encoderOf } from "#src/messages/cdr.js";
import { type Sample, writeMcap } from "../../bag/recordings.js";
import { plainSession } from "../../plain-session.js";
import { inOwnProcess, torquelens } from "../run.js";

const JOINTS = ["base", "shoulder", "elbow"];
const MEAN = [0.4, -0.9, 1.6];
const STD = [0.3, 0.25, 0.4];
const [HEIGHT, WIDTH] = [12, 16];

/** A number of its own for each weight. */
const weights = (count: number, scale: number, phase: number) =>
  Array.from({ length: count }, (_, i) => scale * Math.sin(2.3 * i + phase));

/** Targets of three joints: near where they are, and moved by colours and places in the image. */
function policyModel(isNormalising = false): Uint8Array {
  const image = g.input("image", "float32", [1, 3, HEIGHT, WIDTH]);
  const state = g.input("state", "float32", [1, 3]);
  const list = (values: readonly number[]) => g.tensor("float32", [1, values.length], values);
  const normal = isNormalising ? g.div(g.sub(state, list(MEAN)), list(STD)) : state;
  const seen = g.relu(
    g.matmul(
      g.reshape(image, [1, 3 * HEIGHT * WIDTH]),
      g.tensor("float32", [3 * HEIGHT * WIDTH, 8], weights(3 * HEIGHT * WIDTH * 8, 0.12, 0.4)),
    ),
  );
  const move = g.matmul(seen, g.tensor("float32", [8, 3], weights(24, 0.1, 1)));
  const held = g.matmul(normal, g.tensor("float32", [3, 3], [0.95, 0.02, 0, 0.01, 0.9, 0.03, 0, 0.02, 0.97]));
  const target = g.add(held, move);
  const inputs = new Map([image, state].map((value) => [value.name!, value]));
  return writeModel({ name: "reach", inputs, outputs: new Map([["target", target]]), metadata: new Map(), opset: 18 });
}

interface CardChange {
  readonly encoding?: string;
  readonly joints?: readonly string[];
  readonly elements?: readonly string[];
}

const card = ({ encoding = "rgb8", joints = JOINTS, elements = joints }: CardChange = {}) =>
  stringify({
    torquelens_card: 1,
    name: "reach",
    control_period: 0.5,
    joints,
    outputs: {
      target: {
        kind: "joint_position",
        elements: JOINTS.length === joints.length ? joints : JOINTS,
        mean: MEAN,
        std: STD,
      },
    },
    inputs: {
      image: { modality: "image", encoding, layout: "NCHW", range: [0, 1] },
      state: [{ modality: "joint_position", start: 0, elements, mean: MEAN, std: STD }],
    },
  });

/** Faults of a recording: what a driver did to what it published. */
interface Fault {
  readonly pixel?: (x: number, y: number) => readonly [x: number, y: number];
  readonly position?: (value: number, joint: number) => number;
  readonly withoutCommands?: boolean;
}

const STEPS = 30;

/** A recording of the policy at work: what it saw, and what it commanded for that, before a fault changed what was published. */
async function record(path: string, fault: Fault = {}): Promise<void> {
  const session = await plainSession(policyModel());
  const messages: Sample[] = [];
  const add = (topic: string, type: string, stamp: number, message: object) =>
    messages.push({ topic, type, logTime: BigInt(stamp) * 1_000_000n, data: encoderOf(type)(message) });
  for (let k = 0; k < STEPS; k++) {
    const stamp = 10_000 + 500 * k;
    const header = {
      stamp: { sec: Math.floor(stamp / 1000), nanosec: (stamp % 1000) * 1_000_000 },
      frame_id: "camera",
    };
    const at = (x: number, y: number, channel: number) =>
      channel === 0
        ? Math.hypot(x - k / 2, y - 3) < 3
          ? 250
          : 30
        : channel === 1
          ? 60 + 2 * y + 5 * Math.sin(k)
          : Math.hypot(x - 12, y - 9 + k / 6) < 2.5
            ? 220
            : 20;
    const pixels = Uint8Array.from({ length: 3 * HEIGHT * WIDTH }, (_, i) =>
      at(Math.floor(i / 3) % WIDTH, Math.floor(i / 3 / WIDTH), i % 3),
    );
    const position = MEAN.map((mean, j) => mean + 1.3 * STD[j]! * Math.sin(0.35 * k + 1.7 * j));
    const chw = Float32Array.from(
      { length: pixels.length },
      (_, i) => pixels[3 * (i % (HEIGHT * WIDTH)) + Math.floor(i / (HEIGHT * WIDTH))]! / 255,
    );
    const { target } = await session.run({
      image: { dtype: "float32", shape: [1, 3, HEIGHT, WIDTH], data: chw },
      state: {
        dtype: "float32",
        shape: [1, 3],
        data: Float32Array.from(position, (value, j) => (value - MEAN[j]!) / STD[j]!),
      },
    });
    const command = Float64Array.from(target!.data as Float32Array, (value, j) => value * STD[j]! + MEAN[j]!);
    const published = Uint8Array.from({ length: pixels.length }, (_, i) => {
      const [x, y] = [Math.floor(i / 3) % WIDTH, Math.floor(i / 3 / WIDTH)];
      const [fromX, fromY] = fault.pixel?.(x, y) ?? [x, y];
      return pixels[3 * (fromY * WIDTH + fromX) + (i % 3)]!;
    });
    add("/joint_states", "sensor_msgs/msg/JointState", stamp, {
      header,
      name: JOINTS,
      position: Float64Array.from(position, (value, j) => fault.position?.(value, j) ?? value),
      velocity: Float64Array.from(STD, (std, j) => (1.3 * std * 0.35 * Math.cos(0.35 * k + 1.7 * j)) / 0.5),
      effort: new Float64Array(0),
    });
    add("/camera/image", "sensor_msgs/msg/Image", stamp, {
      header,
      height: HEIGHT,
      width: WIDTH,
      encoding: "rgb8",
      is_bigendian: 0,
      step: 3 * WIDTH,
      data: published,
    });
    if (!fault.withoutCommands)
      add("/arm/command", "std_msgs/msg/Float64MultiArray", stamp, {
        layout: { dim: [{ label: JOINTS.join(","), size: 3, stride: 3 }], data_offset: 0 },
        data: command,
      });
  }
  await session.release();
  await writeMcap(path, messages);
}

let folder: string;
const file = (name: string) => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-doctor-"));
  await writeFile(file("reach.onnx"), policyModel());
  await writeFile(file("reach.yaml"), card());
  await record(file("good.mcap"));
});
afterAll(() => rm(folder, { recursive: true }));

interface Report {
  readonly faults: number;
  readonly findings: readonly { readonly check: string; readonly grade: string; readonly text: string }[];
}

async function examined(...argv: string[]): Promise<Report> {
  const { code, stdout, stderr } = await torquelens("doctor", ...argv, "--json");
  expect(stderr).toBe("");
  const report = JSON.parse(stdout) as Report;
  expect(code).toBe(report.faults > 0 ? 1 : 0);
  return report;
}

const faultsOf = ({ findings }: Report) => findings.filter(({ grade }) => grade === "fault").map(({ text }) => text);

test("a good policy with its own recording is without a complaint, in a process of its own", async () => {
  const { code, stdout, stderr } = await inOwnProcess("doctor", file("reach.onnx"), file("good.mcap"));
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).not.toMatch(/FAULT|warning|unknown/);
  expect(stdout).toMatch(/good +commands +the policy's commands agree with those on \/arm\/command/);
  expect(stdout).toMatch(/good +speed +the policy alone takes .* ms of the 500 ms of a control period|of the 500 ms/);
  expect(stdout).toMatch(/good +methods +dtd.* conserve relevance on this policy/);
  expect(stdout.trimEnd().split("\n").at(-1)).toBe("no fault");
});

test("without a recording methods are judged by drawn pictures, which are no black ones", async () => {
  const shipped = new URL("../../../models/reacher.onnx", import.meta.url).pathname;
  const { findings } = await examined(shipped);
  const { text } = findings.find(({ check }) => check === "methods")!;
  expect(text).toMatch(/^dtd.*, rap.* conserve relevance on this policy, judged by 3 drawn observations/);
  expect(text).not.toContain("lost");
});

test("without a recording: file, card, shapes, speed, methods and memory", async () => {
  const report = await examined(file("reach.onnx"));
  expect([...new Set(report.findings.map(({ check }) => check))]).toEqual([
    "file",
    "card",
    "shapes",
    "runs",
    "speed",
    "memory",
    "methods",
  ]);
});

/** A card with a fault, beside a policy of its own. */
async function carded(name: string, change: CardChange): Promise<string> {
  await writeFile(file(`${name}.onnx`), policyModel());
  await writeFile(file(`${name}.yaml`), card(change));
  return file(`${name}.onnx`);
}

const upsideDown = (x: number, y: number) => [WIDTH - 1 - x, HEIGHT - 1 - y] as const;
const flipped = (x: number, y: number) => [x, HEIGHT - 1 - y] as const;

test.each<[string, Fault, RegExp]>([
  ["images upside down", { pixel: upsideDown }, /^the images are upside down \(turned by 180°\)/],
  ["images flipped", { pixel: flipped }, /^the images are upside down \(top and bottom exchanged\)/],
  [
    "degrees",
    { position: (value) => (value * 180) / Math.PI },
    /^joint states are in degrees, the policy expects radians/,
  ],
  [
    "values normalised before",
    { position: (value, j) => (value - MEAN[j]!) / STD[j]! },
    /^values are normalised twice/,
  ],
])("found in words: %s", async (name, fault, words) => {
  await record(file(`${name}.mcap`), fault);
  const found = faultsOf(await examined(file("reach.onnx"), file(`${name}.mcap`)));
  expect(found.length).toBeGreaterThan(0);
  for (const text of found) expect(text).toMatch(words);
});

test("found in words: BGR for RGB, and joints in another order, in the card", async () => {
  const bgr = faultsOf(await examined(await carded("bgr", { encoding: "bgr8" }), file("good.mcap")));
  expect(bgr).toEqual([expect.stringMatching(/^red and blue are swapped in the images \(BGR for RGB\)/)]);
  const order = await carded("order", { elements: ["shoulder", "base", "elbow"] });
  const found = faultsOf(await examined(order, file("good.mcap")));
  expect(found.length).toBeGreaterThan(0);
  for (const text of found) expect(text).toMatch(/^the joints are in another order than the policy's: .*base/);
});

test("without commands in the recording, statistics and gradients tell degrees and the order of joints", async () => {
  await record(file("silent.mcap"), { withoutCommands: true });
  const good = await examined(file("reach.onnx"), file("silent.mcap"));
  expect(faultsOf(good)).toEqual([]);
  expect(good.findings).toContainEqual(expect.objectContaining({ check: "commands", grade: "unknown" }));
  const order = await carded("unordered", { elements: ["elbow", "base", "shoulder"] });
  const found = faultsOf(await examined(order, file("silent.mcap")));
  expect(found).toContainEqual(expect.stringMatching(/by its gradients base follows/));
});

test("a model that normalises by itself behind a card that does so too", async () => {
  await writeFile(file("twice.onnx"), policyModel(true));
  await writeFile(file("twice.yaml"), card());
  expect(faultsOf(await examined(file("twice.onnx")))).toEqual([
    "joint_position is normalised twice: the card's mean and std for state stand in the model's graph too; take them out of the card",
  ]);
});
