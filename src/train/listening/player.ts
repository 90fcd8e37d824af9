import { own } from "../../own.js";
import type { Session, TensorData } from "../../runtime/session.js";
import { type Random, random } from "../../sim/random.js";
import { planes } from "../../sim/worlds/canvas.js";
import type { World, WorldEntry } from "../../sim/worlds/world.js";
import type { Layout } from "../network/parameters.js";
import { nextOf } from "../query/export.js";
import { floats } from "../team/work.js";
import { type Deeds, type Lesson, LessonWriter, sizesOf } from "./episodes.js";
import { listeningState } from "./layout.js";
import { type ListeningSpec, PADDING } from "./spec.js";

type Floats = TensorData & { readonly data: Float32Array };

/** A played episode, and how it went. */
export interface PlayedLesson {
  readonly lesson: Lesson;
  readonly deeds: Deeds;
  readonly success: boolean;
  /** Sum of the rewards. */
  readonly sum: number;
}

export interface Playing {
  readonly seed: number;
  readonly episodes: readonly number[];
  /** Part of the actions that the expert takes; where it takes none, nobody keeps the policy from stopping early either. */
  readonly expert: number;
  /** Steps after which an episode is left. */
  readonly most: number;
}

/** Plays episodes of a world, several at once, by the policy and the expert. */
export class Player {
  readonly #worlds: readonly World[];
  readonly #pictures: readonly Uint8Array[];
  readonly #feeds: Readonly<Record<string, TensorData>>;
  readonly #state: Readonly<Record<string, Floats>>;
  readonly #weights: Readonly<Record<string, Floats>>;
  readonly #images: Uint8Array;
  readonly #tokens: BigInt64Array;
  readonly #previous: Floats;

  private constructor(
    make: Awaited<ReturnType<WorldEntry["load"]>>,
    private readonly entry: WorldEntry,
    spec: ListeningSpec,
    private readonly layout: Layout,
    private readonly session: Session,
    private readonly count: number,
  ) {
    const { pixels } = sizesOf(entry.facts);
    this.#pictures = Array.from({ length: count }, () => new Uint8Array(pixels));
    this.#worlds = this.#pictures.map((picture) => make(planes(picture, entry.facts.picture)));
    this.#images = new Uint8Array(count * pixels);
    this.#tokens = new BigInt64Array(count * spec.tokens);
    this.#previous = floats(count, spec.actions);
    this.#state = Object.fromEntries(
      Object.entries(listeningState(spec)).map(([name, shape]) => [name, floats(count, ...shape)]),
    );
    this.#weights = Object.fromEntries(
      layout.names("head").map((name) => [name, floats(...layout.slots.get(name)!.shape)]),
    );
    this.#feeds = {
      ...this.#weights,
      ...this.#state,
      image: { dtype: "uint8", shape: [count, spec.channels, spec.height, spec.width], data: this.#images },
      instruction: { dtype: "int64", shape: [count, spec.tokens], data: this.#tokens },
      previous_action: this.#previous,
    };
  }

  /** @param session of `actingModel`, for `count` episodes */
  static async load(
    entry: WorldEntry,
    spec: ListeningSpec,
    layout: Layout,
    session: Session,
    count: number,
  ): Promise<Player> {
    return new Player(await entry.load(), entry, spec, layout, session, count);
  }

  /** A world and the picture that it draws into. */
  get first(): { readonly world: World; readonly picture: Uint8Array } {
    return { world: this.#worlds[0]!, picture: this.#pictures[0]! };
  }

  async play(parameters: Float32Array, playing: Playing): Promise<PlayedLesson[]> {
    for (const [name, weight] of Object.entries(this.#weights)) weight.data.set(this.layout.view(parameters, name));
    const played: PlayedLesson[] = [];
    for (let from = 0; from < playing.episodes.length; from += this.count)
      played.push(...(await this.#together(playing, playing.episodes.slice(from, from + this.count))));
    return played;
  }

  async #together({ seed, expert, most }: Playing, episodes: readonly number[]): Promise<PlayedLesson[]> {
    for (const { data } of Object.values(this.#state)) data.fill(0);
    this.#tokens.fill(BigInt(PADDING));
    const games = episodes.map((episode, i) => {
      const world = this.#worlds[i]!;
      world.reset(seed, episode);
      const writer = new LessonWriter(world, this.#pictures[i]!, episode);
      writer.instruction.forEach((token, k) => {
        this.#tokens[i * writer.instruction.length + k] = BigInt(token);
      });
      return { world, writer, draws: random(seed, episode, DRAWS), isOver: false, success: false, sum: 0 };
    });
    for (let step = 0; step < most && games.some(({ isOver }) => !isOver); step++) {
      const told = games.map(({ isOver, writer }) => (isOver ? undefined : writer.see()));
      const chosen = await this.#look(games.map(({ writer }) => writer.previous));
      for (const [i, game] of games.entries()) {
        const advice = told[i];
        if (advice === undefined) continue;
        const own = chosen[i]!;
        const isExpert =
          expert > 0 && (game.draws.uniform() < expert || (own.action === this.#stop && advice.action !== this.#stop));
        const action = isExpert ? advice.action : own.action;
        const cell = isExpert ? anyOf(advice.cells, game.draws) : own.cell;
        const { reward, terminated, truncated, success } = game.world.step([action, cell]);
        game.writer.did(action, cell);
        game.sum += reward;
        game.success = success;
        game.isOver = terminated || truncated;
      }
    }
    return games.map(({ writer, success, sum }) => ({ lesson: writer.lesson(), deeds: writer.deeds(), success, sum }));
  }

  /** Index of the action that ends an episode. */
  get #stop(): number {
    return this.entry.facts.actions.names.indexOf("stop");
  }

  /** The policy's likeliest actions and cells; its state is then that after the step. */
  async #look(previous: readonly number[]): Promise<{ readonly action: number; readonly cell: number }[]> {
    const size = this.#images.length / this.count;
    this.#pictures.forEach((picture, i) => {
      this.#images.set(picture, i * size);
    });
    const kinds = this.#previous.data.length / this.count;
    this.#previous.data.fill(0);
    previous.forEach((action, i) => {
      if (action >= 0) this.#previous.data[i * kinds + action] = 1;
    });
    const found = await this.session.run(this.#feeds);
    for (const [name, { data }] of Object.entries(this.#state))
      data.set(own(found, nextOf(name))!.data as Float32Array);
    const [actions, masks] = [found.actions!, found.mask!].map(({ data }) => data as Float32Array) as [
      Float32Array,
      Float32Array,
    ];
    return previous.map((_, i) => ({ action: largest(actions, i, this.count), cell: largest(masks, i, this.count) }));
  }
}

/** Seed of the draws within an episode. */
const DRAWS = 1_000_007;

/** Index of the largest number in row `i` of `count`. */
function largest(all: Float32Array, i: number, count: number): number {
  const size = all.length / count;
  let best = 0;
  for (let k = 1; k < size; k++) if (all[i * size + k]! > all[i * size + best]!) best = k;
  return best;
}

/** One of the cells that are set; −1 where none is. */
function anyOf(cells: Uint8Array, draws: Random): number {
  const set = Array.from(cells.keys()).filter((cell) => cells[cell] === 1);
  return set.length === 0 ? -1 : set[draws.integer(set.length)]!;
}
