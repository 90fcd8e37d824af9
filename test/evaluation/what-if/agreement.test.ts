import { afterAll, expect, it } from "vitest";
import { spearman } from "#src/analysis/similarity.js";
import { agreement, probe } from "#src/evaluation/what-if/agreement.js";
import type { Sources } from "#src/evaluation/what-if/counterfactuals.js";
import { ManyObservations } from "#src/evaluation/what-if/many.js";
import { blankObservation } from "#src/explain/blank-observation.js";
import { Explainer } from "#src/explain/explainer.js";
import type { Observation } from "#src/explain/observation.js";
import { shippedPolicy } from "#src/package-files.js";
import { loadPolicy } from "#src/policy/policy.js";
import { methodNamed } from "#src/relevance/methods.js";

const policy = await loadPolicy(shippedPolicy("reacher"));
const many = await ManyObservations.create(policy);
afterAll(() => many.release());

const blank = blankObservation(policy);
const { width, height } = blank.images.image!;
/** A bright spot on a ground with a pattern. */
const observation: Observation = {
  ...blank,
  first: true,
  importance: Float64Array.of(1, 0.3),
  images: {
    image: {
      ...blank.images.image!,
      data: Uint8Array.from({ length: 3 * width * height }, (_, k) => {
        const [x, y] = [Math.floor(k / 3) % width, Math.floor(k / 3 / width)];
        return Math.hypot(x - 60, y - 30) < 8 ? 240 : 60 + ((x * 7 + y * 13) % 40);
      }),
    },
  },
  values: Object.fromEntries(Object.entries(blank.values).map(([name, value]) => [name, value.map((_, k) => 0.2 * k)])),
};
const sources: Sources = { now: observation, run: [observation], at: () => observation, other: () => observation };

it("deletion and insertion are those of pixels that go from one picture to the other, region by region", async () => {
  const method = methodNamed("gradient-x-input");
  const [moment] = await probe(policy, many, [observation], () => sources);
  const found = await agreement(policy, method, many, [moment!], spearman);

  // Slowly: each pixel's region, the regions' relevance, and one picture and one run of the policy for each step.
  const explainer = await Explainer.create(policy, { method, levels: ["full"], worker: false });
  const { heatmaps } = await explainer.explain(observation);
  const edges = (length: number) => Array.from({ length: 7 }, (_, k) => Math.round((k * length) / 6));
  const [across, down] = [edges(width), edges(height)];
  const bin = (value: number, of: readonly number[]) =>
    of.findIndex((edge, k) => k < 6 && value >= edge && value < of[k + 1]!);
  const regionOf = (pixel: number) => 6 * bin(Math.floor(pixel / width), down) + bin(pixel % width, across);
  const relevance = new Array<number>(36).fill(0);
  heatmaps.image!.data.forEach((value, pixel) => {
    relevance[regionOf(pixel)]! += Math.abs(value);
  });
  const order = relevance.map((_, region) => region).sort((a, b) => relevance[b]! - relevance[a]!);
  const [sharp, soft] = [observation.images.image!.data, moment!.blurred.image!.data];
  const torqueOf = async (from: ArrayLike<number>, to: ArrayLike<number>, regions: number) => {
    const moved = new Set(order.slice(0, regions));
    const data = Uint8Array.from(sharp, (_, k) => (moved.has(regionOf(Math.floor(k / 3))) ? to[k]! : from[k]!));
    const { torque } = await explainer.explain({
      ...observation,
      images: { image: { ...observation.images.image!, data } },
    });
    return torque;
  };
  const now = await torqueOf(sharp, soft, 0);
  const apart = (torque: ArrayLike<number>) => Math.abs(torque[0]! - now[0]!) + 0.3 * Math.abs(torque[1]! - now[1]!);
  const whole = apart(await torqueOf(sharp, soft, 36));
  const [falls, rises] = [[] as number[], [] as number[]];
  for (let regions = 0; regions <= 36; regions += 3) {
    falls.push(1 - apart(await torqueOf(sharp, soft, regions)) / whole);
    rises.push(1 - apart(await torqueOf(soft, sharp, regions)) / whole);
  }
  await explainer.close();
  const height12 = (curve: readonly number[]) => {
    let sum = 0;
    for (let k = 0; k < 12; k++) sum += 0.5 * (curve[k]! + curve[k + 1]!);
    return sum / 12;
  };
  expect([falls[0], rises[0], rises[12]].map((y) => Number(y!.toFixed(4)))).toEqual([1, 0, 1]);
  expect(found.deletion).toBeCloseTo(height12(falls), 3);
  expect(found.insertion).toBeCloseTo(height12(rises), 3);
});
