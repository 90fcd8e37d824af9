import { randomLcg } from "d3-random";
import { DTYPES } from "../graph/dtype.js";
import { sizeOf } from "../graph/shape.js";
import type { TensorType } from "../graph/value.js";
import { put } from "../own.js";
import type { ImageModality } from "../policy/modalities.js";
import { statisticsOf } from "../policy/normalisation.js";
import type { Policy } from "../policy/policy.js";
import type { TensorData } from "../runtime/session.js";
import { blankObservation } from "./blank-observation.js";
import { feedsOf } from "./feeds.js";

/** An element of an input in [−1, 1]: of an image its darkest and brightest, else in standard deviations. */
type Fill = (random: () => number) => number;

/** What a policy is tried on before its first observation. The first one is a blank observation. */
const FILLS: readonly (Fill | "blank")[] = [
  "blank",
  (random) => 2 * random() - 1,
  (random) => 6 * random() - 3,
  () => -1,
  () => 1,
  (random) => 0.2 * random() - 0.1,
  (random) => (random() < 0.5 ? 0 : 20 * random() - 10),
];

/** Number of rehearsals. */
export const REHEARSALS = FILLS.length;

/** Number of rehearsals, the first ones, that a model with relevance in it runs before the first observation. */
export const WARM_UPS = 3;

/**
 * A policy's input tensors for rehearsal `index`, the same every time: images and values at random inside the card's
 * ranges, at their ends, and blank.
 */
export function rehearsalFeeds(policy: Policy, index: number): Record<string, TensorData> {
  const fill = FILLS[index]!;
  if (fill === "blank") return feedsOf(policy, blankObservation(policy));
  const random = seeded(index);
  const feeds: Record<string, TensorData> = {};
  for (const [name, type] of policy.graph.inputs) {
    const image = policy.modalities.find((m): m is ImageModality => m.kind === "image" && m.input === name);
    const next = () => fill(random);
    put(feeds, name, image ? ofImage(type, image, next) : ofValues(name, type, policy, next));
  }
  return feeds;
}

function ofImage({ dtype, shape }: TensorType, { range: [low, high] }: ImageModality, next: () => number): TensorData {
  const data = new DTYPES[dtype].array(sizeOf(shape)) as Float32Array;
  for (let i = 0; i < data.length; i++) {
    const part = (Math.min(1, Math.max(-1, next())) + 1) / 2;
    const value = low + part * (high - low);
    data[i] = DTYPES[dtype].array === Float32Array || dtype === "float64" ? value : Math.round(value);
  }
  return { dtype, shape, data };
}

function ofValues(name: string, { dtype, shape }: TensorType, { card }: Policy, next: () => number): TensorData {
  const data = new DTYPES[dtype].array(sizeOf(shape));
  const found = statisticsOf(name, { dtype, shape }, card);
  const [mean, std] = [found?.mean.literal?.numbers(), found?.std.literal?.numbers()];
  for (let i = 0; i < data.length; i++) {
    // Whole numbers may be indices of something: the smallest ones are safe.
    if (data instanceof BigInt64Array || data instanceof BigUint64Array) data[i] = BigInt(next() > 0);
    else if (data instanceof Float32Array || data instanceof Float64Array)
      data[i] = (mean?.[i] ?? 0) + (std?.[i] ?? 1) * next();
    else data[i] = Number(next() > 0);
  }
  return { dtype, shape, data };
}

/** Numbers in [0, 1), the same for a whole `seed` on every machine. */
export const seeded = (seed: number): (() => number) => randomLcg(seed / 1000);
