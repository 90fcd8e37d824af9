import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readPictures } from "#src/analysis/page/pictures.js";
import { McapSink } from "#src/bag/mcap-sink.js";
import type { Explanation } from "#src/explain/explanation.js";
import { ChannelEncoder } from "#src/messages/channel-encoder.js";
import { explanationOf, PERIOD, START, writeBag } from "../runs.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-pictures-"));
});
afterAll(() => rm(folder, { recursive: true }));

const TICKS = [0, 1, 2].map(() => ({ shares: [1, 0, 0, 0] as const }));

/** An explanation of a policy with two cameras. */
function ofTwoCameras(changes: Partial<Explanation>): Explanation {
  const sample = explanationOf(TICKS[0]!, 0);
  const both = <T>(of: T) => ({ left: of, right: of });
  return {
    ...sample,
    observation: { ...sample.observation, images: both(sample.observation.images.image!) },
    modalities: ["left", "right", "joint_position"],
    shares: Float32Array.of(0.5, 0.25, 0.25),
    torqueShares: Float32Array.of(0.5, 0.25, 0.25, 0.5, 0.25, 0.25),
    heatmaps: both(sample.heatmaps.image!),
    featurePoints: {},
    ...changes,
  };
}

it("reads the pictures of some stamps, with the feature points of their explanations", async () => {
  const bag = await writeBag(folder, "one.mcap", TICKS);
  const stamp = START + PERIOD;
  const found = await readPictures(bag, { stamps: new Set([stamp]), from: stamp, to: stamp });
  expect([...found.keys()]).toEqual([stamp]);
  expect(found.get(stamp)).toMatchObject([
    {
      camera: "",
      points: [
        [10, 20],
        [30.5, 40.25],
      ],
    },
  ]);
});

it("says what a heatmap is evidence for, where that is not the sum of all torques", async () => {
  const about = async (name: string, changes: Partial<Explanation>) => {
    const path = join(folder, name);
    const sink = await McapSink.create(path, { encoder: new ChannelEncoder({}) });
    await sink.write({ ...explanationOf(TICKS[0]!, 0), ...changes });
    await sink.close();
    return (await readPictures(path, { stamps: new Set([START]), from: START, to: START })).get(START)![0]!.about;
  };
  expect(await about("all.mcap", {})).toBe("");
  expect(await about("alone.mcap", { heatmapOf: "elbow" })).toBe("for elbow alone");
  expect(await about("contrast.mcap", { contrast: "elbow" })).toBe("for elbow rather than the other joints");
});

it("gives each camera its own feature points, or none", async () => {
  const two = ofTwoCameras({ featurePoints: { right: Float32Array.of(3, 4) } });
  const bag = join(folder, "two.mcap");
  const sink = await McapSink.create(bag, { encoder: new ChannelEncoder({ cameras: ["left", "right"] }) });
  await sink.write(two);
  await sink.close();
  const found = await readPictures(bag, { stamps: new Set([START]), from: START, to: START });
  const points = found.get(START)!.map((picture) => [picture.camera, picture.points]);
  expect(Object.fromEntries(points)).toEqual({ left: [], right: [[3, 4]] });
});

it("shows a camera's attention after its heatmap, with the names of the queries", async () => {
  const mapOf = (query: string) => ({ query, width: 8, height: 6, data: new Float32Array(48).fill(1) });
  const two = ofTwoCameras({ attention: { left: [mapOf("near")], right: [mapOf("tip"), mapOf("target")] } });
  const bag = join(folder, "attention.mcap");
  const cameras = ["left", "right"];
  const sink = await McapSink.create(bag, { encoder: new ChannelEncoder({ cameras, attended: cameras }) });
  await sink.write(two);
  await sink.close();
  const found = (await readPictures(bag, { stamps: new Set([START]), from: START, to: START })).get(START)!;
  expect(found.map(({ camera, queries }) => [camera, queries])).toEqual([
    ["left", undefined],
    ["left", ["near"]],
    ["right", undefined],
    ["right", ["tip", "target"]],
  ]);
});
