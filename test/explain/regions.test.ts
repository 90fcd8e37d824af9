import { describe, expect, it } from "vitest";
import { Explainer } from "#src/explain/explainer.js";
import { ofRegions } from "#src/explain/regions.js";
import { regionsOf, segmentsOf } from "#src/image/xrai.js";
import type { ImageModality } from "#src/policy/modalities.js";
import { reacherObservation, reacherPolicy } from "./policies.js";

const [WIDTH, HEIGHT, FRAMES] = [24, 20, 3];
/** Value of a channel of a pixel of a frame: a disc that moves. */
const at = (frame: number, y: number, x: number, c: number): number =>
  (y - 8) ** 2 + (x - 6 - 4 * frame) ** 2 < 25 ? 200 + c : 10 + x + c;

const relevance = Float32Array.from({ length: WIDTH * HEIGHT }, (_, i) => Math.sin(i * 0.7) + (i % WIDTH) / WIDTH);

function fed(stacking: "time" | "channels", layout: "NHWC" | "NCHW", frames: number) {
  const data: number[] = [];
  const pixels = Array.from({ length: HEIGHT * WIDTH }, (_, i) => [Math.floor(i / WIDTH), i % WIDTH] as const);
  const newest = FRAMES - frames;
  const each = Array.from({ length: frames }, (_, t) => t + newest);
  const channels = [0, 1, 2];
  if (layout === "NCHW")
    for (const t of each) for (const c of channels) for (const [y, x] of pixels) data.push(at(t, y, x, c));
  else if (stacking === "time")
    for (const t of each) for (const [y, x] of pixels) for (const c of channels) data.push(at(t, y, x, c));
  else for (const [y, x] of pixels) for (const t of each) for (const c of channels) data.push(at(t, y, x, c));
  const image = { width: WIDTH, height: HEIGHT, channels: 3, frames, stacking, layout } as ImageModality;
  return ofRegions(relevance, { dtype: "float32", shape: [data.length], data: Float32Array.from(data) }, image);
}

describe("relevance of regions", () => {
  const plain = Float64Array.from({ length: HEIGHT * WIDTH * 3 }, (_, i) => {
    const pixel = Math.floor(i / 3);
    return at(FRAMES - 1, Math.floor(pixel / WIDTH), pixel % WIDTH, i % 3);
  });
  const wanted = Float32Array.from(regionsOf(relevance, segmentsOf(plain, [HEIGHT, WIDTH, 3])).map);

  it.each([
    ["time", "NHWC", 1],
    ["time", "NCHW", 1],
    ["time", "NHWC", FRAMES],
    ["time", "NCHW", FRAMES],
    ["channels", "NHWC", FRAMES],
    ["channels", "NCHW", FRAMES],
  ] as const)("is that of the newest image: %s, %s, %d frames", (stacking, layout, frames) => {
    expect(fed(stacking, layout, frames)).toEqual(wanted);
    expect(new Set(wanted).size).toBeGreaterThan(1);
  });
});

it("an explainer shows regions, each of one colour, and shares as integrated gradients have them", async () => {
  const create = (method: string) => Explainer.create(reacherPolicy(), { worker: false, threads: 1, method });
  const [regions, black, white] = await Promise.all(
    ["xrai:steps=4", ...["black", "white"].map((from) => `integrated-gradients:steps=4,baseline=${from}`)].map(create),
  );
  const [found, one, other] = await Promise.all(
    [regions!, black!, white!].map((e) => e.explain(reacherObservation(1))),
  );
  const { data } = found!.heatmaps.image!;
  expect(new Set(data).size).toBeGreaterThan(1);
  expect(new Set(data).size).toBeLessThan(data.length / 20);
  const { joint_position: mean } = found!.relevance;
  mean!.forEach((value, i) => {
    expect(value).toBeCloseTo((one!.relevance.joint_position![i]! + other!.relevance.joint_position![i]!) / 2, 5);
  });
  await Promise.all([regions!, black!, white!].map((e) => e.close()));
});
