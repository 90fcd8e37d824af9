import { InputError } from "../../errors.js";
import { attentionIn } from "../../explain/attention.js";
import type { Weights } from "../../explain/heatmap-subject.js";
import { subjectOf } from "../../explain/subject.js";
import { weightFeeds } from "../../explain/weight-feeds.js";
import { own } from "../../own.js";
import type { ImageModality } from "../../policy/modalities.js";
import type { Policy } from "../../policy/policy.js";
import { compile } from "../../relevance/compile.js";
import type { Method } from "../../relevance/contract/method.js";
import type { Tensors } from "../../runtime/models.js";
import { Session } from "../../runtime/session.js";
import { random } from "../../sim/random.js";

/** Maps that are not by a method: the policy's own attention, and random numbers. */
export const ATTENTION = "own attention";
export const RANDOM = "random";

/** What a map is of. */
export interface MapMoment {
  /** All inputs of the policy, carried state too. */
  readonly feeds: Tensors;
  /** α of the outputs. */
  readonly weights: Weights;
  /** The policy's attention on the pixels, its queries added, [height × width]; undefined for a policy without. */
  readonly attention?: Float32Array | undefined;
}

/** Makes maps of one kind of an image modality, [height × width]. */
export interface MapMaker {
  of(moment: MapMoment): Promise<Float32Array>;
  release(): Promise<void>;
}

/**
 * @param kind a method or its name, `ATTENTION` or `RANDOM`
 * @throws InputError (as a rejection) for a method that cannot explain the policy, and for the attention of a policy without
 */
export async function mapMaker(
  policy: Policy,
  { width, height, input }: ImageModality,
  kind: string | Method,
  seed = 0,
): Promise<MapMaker> {
  const release = async (): Promise<void> => {};
  if (kind === RANDOM) {
    const numbers = random(seed, 23);
    return { of: async () => Float32Array.from({ length: width * height }, numbers.uniform), release };
  }
  if (kind === ATTENTION) {
    if (policy.attention.length === 0) throw new InputError("the policy has no attention");
    return { of: async ({ attention }) => attention!, release };
  }
  const { bytes } = compile(subjectOf(policy), { method: kind, depth: "heatmap" });
  const session = await Session.create(bytes, { threads: 1, spinning: false });
  const name = `torquelens.heatmap.${input}`;
  return {
    async of({ feeds, weights }) {
      const found = await session.run({ ...feeds, ...weightFeeds(policy, weights) }, [name]);
      return own(found, name)!.data as Float32Array;
    },
    release: () => session.release(),
  };
}

/** Maps of one kind of several moments. @throws InputError as `mapMaker` */
export async function mapsBy(
  policy: Policy,
  image: ImageModality,
  kind: string | Method,
  moments: readonly MapMoment[],
  { seed, signal }: { readonly seed?: number; readonly signal?: AbortSignal | undefined } = {},
): Promise<Float32Array[]> {
  const maker = await mapMaker(policy, image, kind, seed);
  try {
    const maps: Float32Array[] = [];
    for (const moment of moments) {
      signal?.throwIfAborted();
      maps.push(await maker.of(moment));
    }
    return maps;
  } finally {
    await maker.release();
  }
}

/** A policy's attention on an image's pixels, the maps of all queries added; undefined for a policy without. */
export function attentionOn(
  policy: Policy,
  { name }: Pick<ImageModality, "name">,
  outputs: Tensors,
): Float32Array | undefined {
  const maps = own(attentionIn(policy, outputs), name);
  if (maps === undefined) return undefined;
  const [first, ...others] = maps;
  const sum = first!.data.slice();
  for (const { data } of others) for (const [pixel, weight] of data.entries()) sum[pixel]! += weight;
  return sum;
}
