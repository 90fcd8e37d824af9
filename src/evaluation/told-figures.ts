import { encoded } from "../language/vocabulary.js";
import { own, put } from "../own.js";
import { Session, type TensorData } from "../runtime/session.js";
import { pictureLength, planes } from "../sim/worlds/canvas.js";
import type { World, WorldEntry } from "../sim/worlds/world.js";
import { worldNamed } from "../sim/worlds/worlds.js";

/** Tensors of a policy that is told what to do, and the outputs that feed its state. */
export interface ToldPolicy {
  readonly bytes: Uint8Array;
  readonly tensors: Readonly<Record<"image" | "instruction" | "previous" | "actions" | "mask", string>>;
  /** Input → output of the step before, and the input's shape. */
  readonly state: Readonly<Record<string, { readonly from: string; readonly shape: readonly number[] }>>;
}

/** What a policy does not get. */
type Without = "language" | "image" | "previous_action";

/** A figure of a policy that is told what to do. */
interface ToldRun {
  readonly key: string;
  /** Key of the mean path-length-weighted success. */
  readonly weighted: string;
  readonly text: string;
  /** Behind the world's name: another split. */
  readonly split?: string;
  readonly without?: Without;
}

export const TOLD_RUNS: readonly ToldRun[] = [
  { key: "success", weighted: "plw", text: "success, seen combinations" },
  { key: "unseen", weighted: "unseen_plw", text: "success, unseen combinations", split: "-unseen" },
  {
    key: "no_language",
    weighted: "no_language_plw",
    text: "without words, of a quarter of the episodes",
    without: "language",
  },
  {
    key: "no_image",
    weighted: "no_image_plw",
    text: "with a black image, of a quarter",
    without: "image",
  },
  {
    key: "no_previous_action",
    weighted: "no_previous_action_plw",
    text: "without its previous action, of a quarter",
    without: "previous_action",
  },
];

export type ToldFigures = Readonly<Record<"episodes" | "seed", number>> & Readonly<Record<string, number>>;

export interface ToldOptions {
  /** Default 100. */
  readonly episodes?: number;
  readonly seed?: number;
  /** Called after each episode with the part that is done, 0 to 1. */
  readonly done?: (part: number) => void;
  readonly signal?: AbortSignal;
}

/** Episodes of a run: a policy without a modality fails slowly. */
const episodesOf = ({ without }: Pick<ToldRun, "without">, episodes: number): number =>
  without === undefined ? episodes : Math.max(1, Math.round(episodes / 4));

/**
 * Measures a policy in a world that tells it what to do: episodes that succeed out of those of each run, and their mean
 * success weighted by the expert's length over the policy's (PLWSR). The likeliest action and the mask's largest cell
 * are taken.
 */
export async function toldFigures(
  policy: ToldPolicy,
  world: string,
  { episodes = 100, seed = 0, done, signal }: ToldOptions = {},
): Promise<ToldFigures> {
  const session = await Session.create(policy.bytes, { threads: 1, spinning: false });
  const figures: Record<string, number> = {};
  let finished = 0;
  try {
    const all = TOLD_RUNS.reduce((sum, run) => sum + episodesOf(run, episodes), 0);
    for (const run of TOLD_RUNS) {
      const { key, weighted, split = "", without } = run;
      const count = episodesOf(run, episodes);
      const player = await Told.load(worldNamed(`${world}${split}`), policy, session, without);
      let [successes, sum] = [0, 0];
      for (let episode = 0; episode < count; episode++) {
        signal?.throwIfAborted();
        const played = await player.play(seed, episode);
        successes += played.success ? 1 : 0;
        sum += played.sum;
        done?.(++finished / all);
      }
      put(figures, key, successes);
      put(figures, weighted, Number((sum / count).toFixed(4)));
    }
  } finally {
    await session.release();
  }
  return { episodes, seed, ...figures } as ToldFigures;
}

/** A policy in a world, perhaps without one of its modalities. */
class Told {
  private constructor(
    private readonly world: World,
    private readonly picture: Uint8Array,
    private readonly policy: ToldPolicy,
    private readonly session: Session,
    private readonly without: Without | undefined,
  ) {}

  static async load(
    { facts, load }: WorldEntry,
    policy: ToldPolicy,
    session: Session,
    without: Without | undefined,
  ): Promise<Told> {
    const picture = new Uint8Array(pictureLength(facts.picture));
    return new Told((await load())(planes(picture, facts.picture)), picture, policy, session, without);
  }

  async play(seed: number, episode: number): Promise<{ readonly success: boolean; readonly sum: number }> {
    const { world, picture, without } = this;
    const { tensors, state: carried } = this.policy;
    const { facts } = world;
    const { vocabulary, length } = facts.language!;
    world.reset(seed, episode);
    const told = encoded(vocabulary, world.instruction!(), length).ids;
    const { begin, end, padding } = vocabulary;
    const nothing = [begin, end].filter((id) => id !== undefined);
    const words = without === "language" ? [...nothing, ...told.slice(nothing.length).fill(padding)] : told;
    const { channels, height, width } = facts.picture;
    const kinds = facts.actions.names.length;
    const black = new Uint8Array(picture.length);
    const previous = new Float32Array(kinds);
    let state: Record<string, TensorData> = Object.fromEntries(
      Object.entries(carried).map(([name, { shape }]) => {
        const size = shape.reduce((a, b) => a * b, 1);
        return [name, { dtype: "float32", shape, data: new Float32Array(size) }];
      }),
    );
    let sum = 0;
    for (let step = 0; step < facts.limit; step++) {
      const outputs = await this.session.run({
        ...state,
        [tensors.image]: {
          dtype: "uint8",
          shape: [1, channels, height, width],
          data: without === "image" ? black : picture,
        },
        [tensors.instruction]: {
          dtype: "int64",
          shape: [1, length],
          data: BigInt64Array.from(words, BigInt),
        },
        [tensors.previous]: { dtype: "float32", shape: [1, kinds], data: previous },
      });
      state = Object.fromEntries(Object.entries(carried).map(([name, { from }]) => [name, own(outputs, from)!]));
      const [action, cell] = [tensors.actions, tensors.mask].map((name) =>
        largest(own(outputs, name)!.data as Float32Array),
      ) as [number, number];
      const { reward, terminated, truncated, success } = world.step([action, cell]);
      sum += reward;
      if (terminated || truncated) return { success, sum };
      previous.fill(0);
      if (without !== "previous_action") previous[action] = 1;
    }
    return { success: false, sum };
  }
}

const largest = (values: Float32Array): number =>
  values.reduce((best, value, i) => (value > values[best]! ? i : best), 0);
