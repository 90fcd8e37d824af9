import { spearman } from "../../analysis/similarity.js";
import { InputError } from "../../errors.js";
import { faithfulness, type Mapped } from "../../evaluation/faithfulness/faithfulness.js";
import { mapsBy } from "../../evaluation/saliency/map-maker.js";
import { MEASURES, type Measure, measured } from "../../evaluation/saliency/measures.js";
import { imageOf } from "../../evaluation/world-play.js";
import { subjectOf } from "../../explain/subject.js";
import { mean } from "../../numbers/mean.js";
import type { Policy } from "../../policy/policy.js";
import type { Moment } from "./moments.js";

/** Maps of one kind over a policy's moments. One number an episode; NaN where it is undefined at all of its moments. */
export interface MapsFound {
  readonly kind: string;
  readonly moments: number;
  /** Similarity to the pixels of what matters (Nikulin et al. 2019, Table 4). */
  readonly measures: Readonly<Record<Measure, readonly number[]>>;
  /** Moments at which a measure is undefined. */
  readonly undefined: Readonly<Record<Measure, number>>;
  /** Rank correlation of the map's sizes with the policy's own attention; empty for a policy without. */
  readonly correlation: readonly number[];
  /** Area under the curve of deletion, and the curve itself, a mean over the moments. */
  readonly deletion: readonly number[];
  readonly curve: readonly number[];
}

/** @returns the reason where the method cannot explain the policy, or the policy has no attention */
export async function mapsOf(
  policy: Policy,
  kind: string,
  moments: readonly Moment[],
  seed: number,
  signal?: AbortSignal,
): Promise<MapsFound | { readonly kind: string; readonly refused: string }> {
  const image = imageOf(policy);
  let maps: Float32Array[];
  try {
    maps = await mapsBy(policy, image, kind, moments, { seed, signal });
  } catch (error) {
    if (error instanceof InputError) return { kind, refused: error.message.split("; methods that work")[0]! };
    throw error;
  }
  const episodes = [...new Set(moments.map(({ episode }) => episode))];
  const ofEpisodes = (values: readonly number[]): number[] =>
    episodes.map((number) => mean(values.filter((_, m) => moments[m]!.episode === number)));
  const sizes = maps.map((map) => map.map(Math.abs));
  const similar = sizes.map((map, m) => measured(map, moments[m]!.fixations, othersOf(moments, m), image));
  const limits = policy.outputs.map(({ limit }) => limit);
  const mapped = moments.map(({ feeds, weights }, m): Mapped => ({ feeds, importance: weights.each, map: sizes[m]! }));
  const removed = await faithfulness(subjectOf(policy), image, mapped, {
    seed,
    percentages: [],
    ...(limits.every((limit) => limit !== undefined) && { limits }),
  });
  const by = <T>(of: (name: Measure) => T) =>
    Object.fromEntries(MEASURES.map((name) => [name, of(name)])) as Record<Measure, T>;
  const attention = moments.flatMap((moment) => moment.attention ?? []);
  return {
    kind,
    moments: moments.length,
    measures: by((name) => ofEpisodes(similar.map((one) => one[name]))),
    undefined: by((name) => similar.filter((one) => Number.isNaN(one[name])).length),
    correlation: attention.length > 0 ? ofEpisodes(sizes.map((map, m) => spearman(map, attention[m]!))) : [],
    deletion: ofEpisodes(removed.deletionAreas),
    curve: removed.deletion,
  };
}

/** Fixations of all other moments, summed. */
function othersOf(moments: readonly Moment[], m: number): Float64Array {
  const sum = new Float64Array(moments[m]!.fixations.length);
  for (const [other, { fixations }] of moments.entries())
    if (other !== m) for (let pixel = 0; pixel < sum.length; pixel++) sum[pixel]! += fixations[pixel]!;
  return sum;
}
