import { encoded } from "../../language/vocabulary.js";
import { pictureLength } from "../../sim/worlds/canvas.js";
import type { World, WorldFacts } from "../../sim/worlds/world.js";

/** What was done in an episode: its number, and action and mask's cell of each step. The rest follows from the world. */
export interface Deeds {
  readonly episode: number;
  readonly actions: readonly number[];
  readonly cells: readonly number[];
}

/** Steps of an episode: what a policy sees and hears, and the expert's answers. */
export interface Lesson {
  readonly length: number;
  /** Bytes of the pictures [n, C, H, W]. */
  readonly images: Uint8Array;
  /** Tokens [L]. */
  readonly instruction: readonly number[];
  /** Action before each step, −1: none. */
  readonly previous: Int8Array;
  /** The expert's action at each step. */
  readonly expert: Uint8Array;
  /** Cells of what it interacts with, now or at the next step at which it does [n, h·w]; 1 where there is such a step. */
  readonly cells: Uint8Array;
  readonly interacts: Uint8Array;
}

/** Tokens of the instruction that a world gives now. */
const instructionOf = (world: World): readonly number[] => {
  const { vocabulary, length } = world.facts.language!;
  return encoded(vocabulary, world.instruction!(), length).ids;
};

/** A picture's elements, and a mask's cells. */
export const sizesOf = ({ picture, actions }: WorldFacts): { readonly pixels: number; readonly cells: number } => {
  const { width, height } = (actions as { mask: { width: number; height: number } }).mask;
  return { pixels: pictureLength(picture), cells: width * height };
};

/** Writes down an episode while it is played: `see` before each step, `did` after it. */
export class LessonWriter {
  readonly #images: Uint8Array[] = [];
  readonly #cells: Uint8Array[] = [];
  readonly #previous: number[] = [];
  readonly #expert: number[] = [];
  readonly #interacts: number[] = [];
  readonly #actions: number[] = [];
  readonly #chosen: number[] = [];
  readonly #instruction: readonly number[];
  readonly #sizes: ReturnType<typeof sizesOf>;

  /** @param picture the buffer that the world draws into */
  constructor(
    private readonly world: World,
    private readonly picture: Uint8Array,
    private readonly episode: number,
  ) {
    this.#instruction = instructionOf(world);
    this.#sizes = sizesOf(world.facts);
  }

  get length(): number {
    return this.#expert.length;
  }

  get instruction(): readonly number[] {
    return this.#instruction;
  }

  /** Action before the step now, −1: none. */
  get previous(): number {
    return this.#actions.at(-1) ?? -1;
  }

  /** Writes down what is seen and what the expert does; its action, and cells of the object that it acts on. */
  see(): { readonly action: number; readonly interacts: boolean; readonly cells: Uint8Array } {
    const cells = new Uint8Array(this.#sizes.cells);
    const { action, interacts } = this.world.expert!(cells);
    this.#images.push(this.picture.slice(0, this.#sizes.pixels));
    this.#cells.push(cells);
    this.#previous.push(this.previous);
    this.#expert.push(action);
    this.#interacts.push(interacts ? 1 : 0);
    return { action, interacts, cells };
  }

  did(action: number, cell: number): void {
    this.#actions.push(action);
    this.#chosen.push(cell);
  }

  deeds(): Deeds {
    return { episode: this.episode, actions: this.#actions, cells: this.#chosen };
  }

  lesson(): Lesson {
    const cells = [...this.#cells];
    const interacts = Uint8Array.from(this.#interacts);
    // What it goes to is what it will interact with, as long as it is what goes.
    for (let t = this.length - 2; t >= 0; t--) {
      if (interacts[t] === 1 || interacts[t + 1] === 0 || this.#actions[t] !== this.#expert[t]) continue;
      interacts[t] = 1;
      cells[t] = cells[t + 1]!;
    }
    const joined = (parts: readonly Uint8Array[], size: number): Uint8Array => {
      const all = new Uint8Array(parts.length * size);
      parts.forEach((part, i) => {
        all.set(part, i * size);
      });
      return all;
    };
    return {
      length: this.length,
      images: joined(this.#images, this.#sizes.pixels),
      instruction: this.#instruction,
      previous: Int8Array.from(this.#previous),
      expert: Uint8Array.from(this.#expert),
      interacts,
      cells: joined(cells, this.#sizes.cells),
    };
  }
}

/** An episode again, from what was done in it. */
export function replayed(world: World, picture: Uint8Array, seed: number, deeds: Deeds): Lesson {
  world.reset(seed, deeds.episode);
  const writer = new LessonWriter(world, picture, deeds.episode);
  deeds.actions.forEach((action, t) => {
    writer.see();
    writer.did(action, deeds.cells[t]!);
    world.step([action, deeds.cells[t]!]);
  });
  return writer.lesson();
}
