import { isMeaningful } from "../explain/explanation.js";
import type { Outcome } from "../outcome/outcome.js";
import type { OutputMeaning } from "../outputs/kinds.js";

/** Policy, method and references, which must be the same for shares to be comparable. */
export interface RunIdentity {
  /** Name of the method, and options that are not its defaults. */
  readonly method: string;
  readonly policySha256: string;
  /** Reference of each modality, [M]; empty if none is stated (methods.md §0.8). */
  readonly references: readonly string[];
  /** Origin of the feature points: `policy`, `corner` or `mean`. */
  readonly featurePoints: string;
  /** Joint names, one a torque; of other outputs the names of what they command, [J]. */
  readonly joints: readonly string[];
  /** Kind and unit of each of them, [J]. */
  readonly outputs: readonly OutputMeaning[];
  /** Modality names, [M]. */
  readonly modalities: readonly string[];
  /** The modality that a policy with language is told in words. */
  readonly instructionModality?: string | undefined;
}

/** What the policy was told, and how relevant its words were. */
export interface RunWords {
  /** The sentences of the run, each once. */
  readonly sentences: readonly { readonly text: string; readonly tokens: readonly string[] }[];
  /** Index of each tick's sentence, [n]. */
  readonly sentence: Uint16Array;
  /** α-weighted relevance of the tokens of tick i: from `offsets[i]` to `offsets[i + 1]`, which are equal where none was computed, [n + 1]. */
  readonly offsets: Uint32Array;
  readonly relevance: Float32Array;
}

/**
 * The explanations of one episode in columns: n ticks in the order of their stamps, J joints, M modalities. Matrices
 * are row-major, a row a tick.
 */
export interface Run {
  /** Path of the bag as given. */
  readonly bag: string;
  /** Number of the episode in the bag, from 0. */
  readonly episode: number;
  readonly identity: RunIdentity;
  readonly ticks: number;
  /** Log time of the bag's first message, nanoseconds: the beginning for a player. */
  readonly bagStart: bigint;
  /** Stamp of the explained image, nanoseconds, [n]. */
  readonly stamp: BigInt64Array;
  /** Log time, nanoseconds, [n]: where a player must seek. */
  readonly logTime: BigInt64Array;
  /** The source's counter of control steps, [n]. */
  readonly tick: Float64Array;
  /** LEVEL_… of `msg/Explanation.msg`, [n]. */
  readonly level: Uint8Array;
  /** All combinations of flags that occur. */
  readonly flagSets: readonly (readonly string[])[];
  /** Index into `flagSets`, [n]. */
  readonly flags: Uint16Array;
  /** Milliseconds, [n]. */
  readonly latencyMs: Float32Array;
  /** Conservation residual, [n]; NaN below level `full`. */
  readonly residual: Float32Array;
  /** Share of each modality in the α-weighted sum over torques, [n × M]. */
  readonly shares: Float32Array;
  /** Commanded torque, N·m, or what else is explained in its unit, [n × J]. */
  readonly torque: Float32Array;
  /** Probability of each action, [n × J]; NaN where the outputs are no actions. */
  readonly probability: Float32Array;
  /** Importance factor α, [n × J]. */
  readonly importance: Float32Array;
  /** Share of each modality for each torque, [n × J × M]. */
  readonly torqueShares: Float32Array;
  /** Of a policy with language. */
  readonly words?: RunWords | undefined;
  /** What became of it, where that is known. */
  readonly outcome?: Outcome | undefined;
  /** Log times of the messages on each of the other topics that are read, nanoseconds. */
  readonly messages: ReadonlyMap<string, readonly bigint[]>;
}

/** Name of a run: the bag, with the number of the episode if it is not the first. */
export function runName({ bag, episode }: { readonly bag: string; readonly episode: number }): string {
  return episode === 0 ? bag : `${bag}#${episode}`;
}

/** Flags of tick i. */
export function flagsAt(run: Run, i: number): readonly string[] {
  return run.flagSets[run.flags[i]!]!;
}

/** What the policy was told at tick i, and the relevance of its tokens, empty where none was computed. */
export function wordsAt(
  { words }: Run,
  i: number,
): { readonly text: string; readonly tokens: readonly string[]; readonly relevance: Float32Array } | undefined {
  const said = words?.sentences[words.sentence[i]!];
  return said && { ...said, relevance: words!.relevance.subarray(words!.offsets[i]!, words!.offsets[i + 1]!) };
}

/** Seconds from the run's first tick to tick i. */
export function secondsAt(run: Run, i: number): number {
  return Number(run.stamp[i]! - run.stamp[0]!) / 1e9;
}

/**
 * True where the shares of tick i are meaningful (methods.md §0.9): computed, not idle, and with relevance. Only such
 * ticks count in statistics.
 */
export function counts(run: Run, i: number): boolean {
  if (!isMeaningful(flagsAt(run, i))) return false;
  const modalities = run.identity.modalities.length;
  let total = 0;
  for (let m = 0; m < modalities; m++) total += run.shares[i * modalities + m]!;
  return total > 0;
}
