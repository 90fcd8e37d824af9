import { min } from "d3-array";
import { centredRanks, cosine, structuralSimilarity } from "../../analysis/similarity.js";
import type { Observation } from "../../explain/observation.js";
import { subjectOf } from "../../explain/subject.js";
import { mean } from "../../numbers/mean.js";
import type { ImageModality } from "../../policy/modalities.js";
import type { Policy } from "../../policy/policy.js";
import { parameterLayers, randomised } from "../../relevance/derived/randomised.js";
import { random } from "../../sim/random.js";
import { Compiled } from "./compiled.js";

/** Similarity of heatmaps, means over observations and pairs: cosine, rank correlation of |R|, structural similarity. */
export interface Likeness {
  readonly cosine: number;
  readonly spearman: number;
  readonly ssim: number;
}

/** Similarity of the heatmaps of different torques: alike heatmaps say nothing about a single torque (Sixt et al. 2020). */
export interface TorqueLikeness extends Likeness {
  /** Least cosine of a pair at any observation. */
  readonly leastCosine: number;
  readonly pairs: number;
}

/** Similarity to heatmaps after cascading randomisation of the layers from the torques down (Adebayo et al. 2018). */
export interface Cascade extends Likeness {
  /** Last layer that was randomised. */
  readonly layer: string;
}

interface HeatmapTest {
  readonly policy: Policy;
  readonly method: string;
  readonly observations: readonly Observation[];
  readonly signal?: AbortSignal | undefined;
}

/** Compares the heatmaps of every pair of torques. */
export async function compareTorques(test: HeatmapTest): Promise<TorqueLikeness> {
  const { policy, method, observations } = test;
  const image = firstImage(policy);
  const found: Likeness[] = [];
  await using(Compiled.create(policy, subjectOf(policy), method, "per-torque"), async (model) => {
    for (const observation of observations) {
      test.signal?.throwIfAborted();
      const { data, shape } = (await model.run(observation))[`torquelens.torque_heatmap.${image.input}`]!;
      const size = shape[1]! * shape[2]!;
      const maps = Array.from({ length: shape[0]! }, (_, j) =>
        ranked((data as Float32Array).subarray(j * size, (j + 1) * size)),
      );
      maps.forEach((map, j) => {
        for (const other of maps.slice(j + 1)) found.push(likeness(map, other, image));
      });
    }
  });
  return { ...meanLikeness(found), leastCosine: min(found, (pair) => pair.cosine) ?? Number.NaN, pairs: found.length };
}

/** Randomises the layers one after another, from the torques to the image, and compares heatmaps with the policy's. */
export async function cascade(test: HeatmapTest, seed: number): Promise<Cascade[]> {
  const { policy, method, observations } = test;
  const subject = subjectOf(policy);
  const image = firstImage(policy);
  const heatmaps = (of: typeof subject) =>
    using(Compiled.create(policy, of, method, "heatmap"), async (model) => {
      const maps: Ranked[] = [];
      for (const observation of observations) {
        test.signal?.throwIfAborted();
        maps.push(ranked((await model.run(observation))[`torquelens.heatmap.${image.input}`]!.data as Float32Array));
      }
      return maps;
    });
  const own = await heatmaps(subject);
  const layers = parameterLayers(subject);
  const steps: Cascade[] = [];
  for (let count = 1; count <= layers.length; count++) {
    // With the same seed each step only adds a layer.
    const changed = await heatmaps(randomised(subject, layers.slice(0, count), random(seed).normal));
    const alike = changed.map((map, i) => likeness(map, own[i]!, image));
    steps.push({ layer: layers[count - 1]!.name, ...meanLikeness(alike) });
  }
  return steps;
}

/** Camera whose heatmaps are compared. */
export const firstImage = ({ modalities }: Policy): ImageModality =>
  modalities.find((modality): modality is ImageModality => modality.kind === "image")!;

/** A heatmap with the centred ranks of |R|: they take longer than all else, and every map is compared often. */
interface Ranked {
  readonly map: Float32Array;
  readonly ranks: Float64Array;
}

const ranked = (map: Float32Array): Ranked => ({ map, ranks: centredRanks(map.map(Math.abs)) });

function likeness(a: Ranked, b: Ranked, { width, height }: ImageModality): Likeness {
  return {
    cosine: cosine(a.map, b.map),
    spearman: cosine(a.ranks, b.ranks),
    ssim: structuralSimilarity(a.map, b.map, width, height),
  };
}

function meanLikeness(all: readonly Likeness[]): Likeness {
  const over = (of: (one: Likeness) => number) => mean(all, of);
  return { cosine: over((one) => one.cosine), spearman: over((one) => one.spearman), ssim: over((one) => one.ssim) };
}

async function using<T>(creating: Promise<Compiled>, work: (model: Compiled) => Promise<T>): Promise<T> {
  const model = await creating;
  try {
    return await work(model);
  } finally {
    await model.close();
  }
}
