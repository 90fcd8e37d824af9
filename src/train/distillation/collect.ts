import { InputError } from "../../errors.js";
import { Explainer } from "../../explain/explainer.js";
import { feedsOf } from "../../explain/feeds.js";
import { Memory } from "../../explain/memory.js";
import type { Observation } from "../../explain/observation.js";
import { own } from "../../own.js";
import type { Policy } from "../../policy/policy.js";
import { Session, type TensorData } from "../../runtime/session.js";
import { random } from "../../sim/random.js";
import type { Outcome } from "../episodes/outcome.js";
import type { Play } from "./play.js";
import type { SaliencyMaps } from "./saliency.js";
import { imagesOf } from "./student.js";

/** The teacher's saliency: a method's name and options, the task's segmentation, or an expert's mask for all states. */
export type Teaching =
  | { readonly kind: "method"; readonly method: string }
  | { readonly kind: "segmentation" }
  | { readonly kind: "mask"; readonly maps: SaliencyMaps };

/** A state: the policy's input tensors, and its saliency where it was asked for. */
export interface Collected {
  readonly feeds: Readonly<Record<string, TensorData>>;
  readonly maps: SaliencyMaps | undefined;
}

export interface CollectOptions {
  readonly seed: number;
  readonly count: number;
  /** States that are kept of an episode, on average. */
  readonly statesOfEpisode: number;
  readonly noise: number;
  /** Without it no state has saliency. */
  readonly teaching?: Teaching | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly done?: (part: number) => void;
}

/**
 * Collects states of a policy's own episodes, drawn at random, and calls `keep` with each.
 * @returns the ends of the episodes
 */
export async function collectStates(
  policy: Policy,
  play: Play,
  { seed, count, statesOfEpisode, noise, teaching, signal, done }: CollectOptions,
  keep: (state: Collected) => Promise<void>,
): Promise<readonly Outcome[]> {
  const playing = await play({ seed, noise });
  const explainer = await explainerOf(policy, teaching);
  const source = random(seed, 7);
  const memory = new Memory(policy);
  let kept = 0;
  try {
    for await (const observation of playing.source.observations()) {
      signal?.throwIfAborted();
      const feeds = memory.add(observation, (window) => feedsOf(policy, observation, window));
      const isKept = source.uniform() < statesOfEpisode / playing.ticks;
      const deep = isKept && teaching?.kind === "method";
      const explanation = await explainer.explain(observation, { level: deep ? "full" : "skip" });
      if (isKept) {
        const heatmaps = Object.entries(explanation.heatmaps).map(([name, { data }]) => [name, data] as const);
        const maps = mapsOf(policy, teaching, Object.fromEntries(heatmaps), () => playing.segmentation());
        assertFinite(maps, policy, observation);
        await keep({ feeds, maps });
        done?.(++kept / count);
        if (kept === count) break;
      }
      playing.source.accept?.(explanation);
    }
  } finally {
    await explainer.close();
    await playing.source.close?.();
  }
  return playing.outcomes;
}

const explainerOf = (policy: Policy, teaching: Teaching | undefined): Promise<Explainer> =>
  teaching?.kind === "method"
    ? Explainer.create(policy, { method: teaching.method, levels: ["full", "skip"], threads: 1, worker: false })
    : Explainer.create(policy, { levels: ["skip"], threads: 1, worker: false });

function mapsOf(
  policy: Policy,
  teaching: Teaching | undefined,
  heatmaps: SaliencyMaps,
  segmentation: () => ArrayLike<number>,
): SaliencyMaps | undefined {
  if (teaching?.kind === "method") return heatmaps;
  if (teaching?.kind === "mask") return teaching.maps;
  return teaching && Object.fromEntries(imagesOf(policy).map(({ name }) => [name, segmentation()]));
}

function assertFinite(maps: SaliencyMaps | undefined, { path }: Policy, { tick }: Observation): void {
  for (const [name, map] of Object.entries(maps ?? {}))
    for (let i = 0; i < map.length; i++)
      if (!Number.isFinite(map[i])) throw new InputError(`${path}: tick ${tick}: the saliency of ${name} is ${map[i]}`);
}

/** Answers states as a teacher does: its `answerModel`. */
export class Teacher {
  private constructor(
    private readonly session: Session,
    private readonly output: string,
  ) {}

  static async load(model: Uint8Array, output: string): Promise<Teacher> {
    return new Teacher(await Session.create(model, { threads: 1, spinning: false }), output);
  }

  /** [1, n] */
  async answers(feeds: Readonly<Record<string, TensorData>>): Promise<TensorData> {
    return own(await this.session.run(feeds), this.output)!;
  }

  close(): Promise<void> {
    return this.session.release();
  }
}
