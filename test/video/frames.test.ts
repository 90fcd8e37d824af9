import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { McapSink } from "#src/bag/mcap-sink.js";
import type { Explanation } from "#src/explain/explanation.js";
import { ChannelEncoder } from "#src/messages/channel-encoder.js";
import type { ChannelOptions } from "#src/messages/channels.js";
import { readFrames, type VideoChoice } from "#src/video/frames.js";
import { sampleExplanation } from "../messages/sample.js";

let folder: string;
const at = (name: string): string => join(folder, name);
const mapOf = (query: string) => ({ query, width: 8, height: 6, data: new Float32Array(48).fill(1) });

async function record(name: string, explanations: readonly Explanation[], options: ChannelOptions = {}) {
  const sink = await McapSink.create(at(name), { encoder: new ChannelEncoder(options) });
  for (const explanation of explanations) await sink.write(explanation);
  await sink.close();
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-frames-"));
  const joints = ["", "elbow", "", "elbow", "shoulder", ""];
  const run = joints.map((joint, tick) => ({
    ...sampleExplanation(tick, 16, 12),
    heatmapOf: joint || undefined,
    attention: { image: [mapOf("tip"), mapOf("target")] },
  }));
  await record("run.mcap", run, { attended: ["image"] });
  await record("plain.mcap", run.slice(0, 2));
  const [first] = run;
  const both = <T>(of: T) => ({ left: of, right: of });
  const two = {
    ...first!,
    observation: { ...first!.observation, images: both(first!.observation.images.image!) },
    heatmaps: both(first!.heatmaps.image!),
    modalities: ["left", "right", "joint_position", "joint_velocity"],
    attention: { left: [mapOf("near")], right: [mapOf("tip"), mapOf("far"), mapOf("target")] },
    featurePoints: {},
  };
  await record("two.mcap", [two], { cameras: ["left", "right"], attended: ["left", "right"] });
});
afterAll(() => rm(folder, { recursive: true }));

async function read(name: string, choice: Partial<VideoChoice> = {}) {
  const start = sampleExplanation(0).observation.stamp;
  const found: { tick: number; part: unknown }[] = [];
  for await (const { time, data, part } of readFrames(at(name), { what: "heatmap", ...choice })) {
    // A JPEG's first bytes.
    expect([...data.subarray(0, 2)]).toEqual([0xff, 0xd8]);
    found.push({ tick: Number(time - start) / 50_000_000, part });
  }
  return found;
}
const ticks = async (...argv: Parameters<typeof read>) => (await read(...argv)).map(({ tick }) => tick);

test("heatmaps or attention are read in order", async () => {
  expect(await ticks("run.mcap")).toEqual([0, 1, 2, 3, 4, 5]);
  expect(await ticks("run.mcap", { what: "attention" })).toEqual([0, 1, 2, 3, 4, 5]);
});

test("a span counts from the recording's beginning", async () => {
  expect(await ticks("run.mcap", { from: 0.1, to: 0.2 })).toEqual([2, 3, 4]);
  expect(await ticks("run.mcap", { from: 0.22 })).toEqual([5]);
});

test("heatmaps of one joint alone", async () => {
  expect(await ticks("run.mcap", { joint: "elbow" })).toEqual([1, 3]);
  expect(await ticks("run.mcap", { joint: "shoulder" })).toEqual([4]);
});

test("a query's map is a part of the picture, by its camera", async () => {
  const attention = { what: "attention" } as const;
  expect((await read("run.mcap", { ...attention, query: "target" }))[0]!.part).toEqual({ index: 1, count: 2 });
  const right = { topic: "/torquelens/attention/right/compressed", ...attention };
  expect((await read("two.mcap", { ...right, query: "target" }))[0]!.part).toEqual({ index: 2, count: 3 });
  const left = { topic: "/torquelens/attention/left/compressed", ...attention };
  expect((await read("two.mcap", { ...left, query: "near" }))[0]!.part).toEqual({ index: 0, count: 1 });
});

test.each<[string, string, Partial<VideoChoice>, string]>([
  [
    "no attention",
    "plain.mcap",
    { what: "attention" },
    "no pictures of attention; found pictures on /torquelens/overlay/compressed",
  ],
  [
    "another joint",
    "run.mcap",
    { joint: "wrist" },
    "no heatmap of wrist there, found heatmaps of all together, elbow, shoulder",
  ],
  [
    "another query",
    "run.mcap",
    { what: "attention", query: "sky" },
    'no map of the query "sky", expected one of tip, target',
  ],
  ["a topic without pictures", "plain.mcap", { topic: "/tf" }, "no pictures on /tf; found pictures on"],
  [
    "several cameras",
    "two.mcap",
    {},
    "found pictures on the topics /torquelens/overlay/left/compressed, /torquelens/overlay/right/compressed, expected one: choose with --topic",
  ],
  ["an empty span", "run.mcap", { from: 100 }, "no pictures of heatmap between these times"],
])("%s: refused in one line", async (_, name, choice, message) => {
  await expect(read(name, choice)).rejects.toThrow(message);
});
