import { own, put } from "../own.js";
import type { Policy } from "../policy/policy.js";
import { Session, type TensorData } from "../runtime/session.js";
import type { ImageAblation } from "../sim/ablation.js";
import { WorldBatch } from "../sim/worlds/batch.js";
import { pictureLength, planes } from "../sim/worlds/canvas.js";
import { drawOther } from "../sim/worlds/other-picture.js";
import type { WorldEntry } from "../sim/worlds/world.js";
import { worldNamed } from "../sim/worlds/worlds.js";
import { Carrying } from "./carrying.js";

/** A figure of a policy in a world: what it counts, and what the policy sees instead of the world. */
interface WorldRun {
  readonly key: string;
  /** Key of the mean return. */
  readonly returns: string;
  readonly text: string;
  readonly ablation?: Exclude<ImageAblation, "black">;
}

/** Runs of every policy of a world. */
export const WORLD_RUNS: readonly WorldRun[] = [
  { key: "success", returns: "return", text: "success" },
  { key: "frozen", returns: "frozen_return", text: "image frozen to one of another episode", ablation: "frozen" },
  { key: "first", returns: "first_return", text: "image frozen to its own first one", ablation: "first" },
];

/**
 * Figures of a policy in its world: episodes that succeed out of `episodes` for every run, and the mean return of an
 * episode: `return` where the policy sees the world, `frozen_return` and `first_return` where it does not.
 */
export type WorldFigures = Readonly<Record<"episodes" | "seed" | "return", number>> & Readonly<Record<string, number>>;

export interface WorldFigureOptions {
  /** Default 100. */
  readonly episodes?: number;
  readonly seed?: number;
  /** Called after each episode with the part that is done, 0 to 1. */
  readonly done?: (part: number) => void;
  readonly signal?: AbortSignal;
}

/** Measures a policy in its world: `episodes` episodes of `seed` in each run, the most probable action taken. */
export async function worldFigures(
  policy: Pick<Policy, "bytes" | "graph" | "card" | "modalities" | "command">,
  world: string,
  { episodes = 100, seed = 0, done, signal }: WorldFigureOptions = {},
): Promise<WorldFigures> {
  const entry = worldNamed(world);
  const session = await Session.create(policy.bytes);
  const player = { session, policy };
  try {
    const figures: Record<string, number> = {};
    for (const [index, { key, returns, ablation }] of WORLD_RUNS.entries()) {
      let count = 0;
      let sum = 0;
      for await (const { success, sum: ofEpisode, episode } of play(entry, player, { episodes, seed, ablation })) {
        signal?.throwIfAborted();
        count += success ? 1 : 0;
        sum += ofEpisode;
        done?.((index + (episode + 1) / episodes) / WORLD_RUNS.length);
      }
      put(figures, key, count);
      put(figures, returns, Number((sum / episodes).toFixed(4)));
    }
    return { episodes, seed, ...figures } as WorldFigures;
  } finally {
    await session.release();
  }
}

interface Played {
  readonly episode: number;
  readonly success: boolean;
  /** Sum of the rewards. */
  readonly sum: number;
}

async function* play(
  entry: WorldEntry,
  { session, policy }: { readonly session: Session; readonly policy: Parameters<typeof worldFigures>[0] },
  { episodes, seed, ablation }: { episodes: number; seed: number; ablation: WorldRun["ablation"] },
): AsyncGenerator<Played> {
  const batch = await WorldBatch.load(entry, { count: 1, seed });
  const picture = new Uint8Array(pictureLength(entry.facts.picture));
  const other = (await entry.load())(planes(picture, entry.facts.picture));
  const { input } = policy.modalities.find(({ kind }) => kind === "image")!;
  const decide = actionOf(entry);
  const carrying = new Carrying(policy);
  for (let episode = 0; episode < episodes; episode++) {
    // The episode before, of the first one the episode after the last.
    if (ablation === "frozen") drawOther(other, seed, episode === 0 ? episodes : episode - 1);
    const shown =
      ablation === "frozen"
        ? repeated(picture, batch.observations.length)
        : ablation === "first"
          ? (batch.observations as Uint8Array).slice()
          : undefined;
    let action: ArrayLike<number> | undefined;
    let outputs: Readonly<Record<string, TensorData>> = {};
    carrying.begin();
    for (;;) {
      // What does not change is looked at once.
      if (shown === undefined || action === undefined || !carrying.isEmpty) {
        const data = shown ?? (batch.observations as Uint8Array);
        outputs = await session.run({ [input]: { dtype: "uint8", shape: batch.shape, data }, ...carrying.feeds });
        action = decide(own(outputs, policy.command)!);
      }
      batch.step(action);
      carrying.after(outputs, asNumbers(entry, action), batch.rewards[0]!);
      if (batch.terminated[0] === 1 || batch.truncated[0] === 1) break;
    }
    yield { episode, success: batch.successes[0] === 1, sum: batch.returns[0]! };
  }
}

/** An action as a policy is told of it: 1 for the one that was taken, 0 for the others, or its numbers. */
const asNumbers = ({ facts: { actions } }: WorldEntry, action: ArrayLike<number>): ArrayLike<number> =>
  actions.kind === "discrete" ? actions.names.map((_, i) => Number(i === action[0])) : action;

/** A picture again and again. */
function repeated(picture: Uint8Array, length: number): Uint8Array {
  const all = new Uint8Array(length);
  for (let at = 0; at < length; at += picture.length) all.set(picture, at);
  return all;
}

/** The action of a policy's output: the most probable one, the first where several are, or the output itself. */
const actionOf =
  ({ facts: { actions } }: WorldEntry) =>
  ({ data }: TensorData): ArrayLike<number> => {
    const values = data as Float32Array;
    return actions.kind === "discrete" ? [values.indexOf(Math.max(...values))] : values;
  };
