import type { TensorData } from "../../runtime/session.js";
import type { Random } from "../../sim/random.js";
import type { WorldFacts } from "../../sim/worlds/world.js";
import { floats } from "../team/work.js";
import { type Lesson, sizesOf } from "./episodes.js";
import { batchOf, type ListeningRecipe } from "./recipe.js";
import { PADDING } from "./spec.js";

/** Lessons by the length that they are filled up to, and batches drawn from them. */
export class Lessons {
  readonly #shelves: Lesson[][];

  constructor(private readonly recipe: Pick<ListeningRecipe, "lengths" | "rows">) {
    this.#shelves = recipe.lengths.map(() => []);
  }

  add(lesson: Lesson): void {
    const { lengths } = this.recipe;
    const shelf = lengths.findIndex((length) => lesson.length <= length);
    this.#shelves[shelf < 0 ? lengths.length - 1 : shelf]!.push(lesson);
  }

  /** A length, more often where its lessons have more steps, and as many of its lessons as a batch has. */
  draw(draws: Random): { readonly length: number; readonly lessons: readonly Lesson[] } {
    const { lengths } = this.recipe;
    const weights = this.#shelves.map((shelf, i) => shelf.length * lengths[i]!);
    let at = draws.uniform() * weights.reduce((a, b) => a + b, 0);
    let chosen = weights.findIndex((weight) => weight > 0);
    for (const [i, weight] of weights.entries()) {
      if (weight === 0) continue;
      chosen = i;
      if (at < weight) break;
      at -= weight;
    }
    const length = lengths[chosen]!;
    const shelf = this.#shelves[chosen]!;
    const count = batchOf(this.recipe, length);
    return { length, lessons: Array.from({ length: count }, () => shelf[draws.integer(shelf.length)]!) };
  }
}

/** Feeds of a training step, see `imitationStep`: rows in the order of the steps, zeros behind an episode's end. */
export function feedsOf(
  facts: WorldFacts,
  length: number,
  lessons: readonly Lesson[],
): Readonly<Record<string, TensorData>> {
  const { picture, actions, language } = facts;
  const { pixels, cells } = sizesOf(facts);
  const batch = lessons.length;
  const rows = length * batch;
  const kinds = actions.names.length;
  const images = new Uint8Array(rows * pixels);
  const [previous, expert, wanted, interacts] = [
    floats(rows, kinds),
    floats(rows, kinds),
    floats(rows, cells),
    floats(rows),
  ] as const;
  const tokens = new BigInt64Array(batch * language!.length).fill(BigInt(PADDING));
  lessons.forEach((lesson, b) => {
    lesson.instruction.forEach((token, i) => {
      tokens[b * language!.length + i] = BigInt(token);
    });
    for (let t = 0; t < Math.min(length, lesson.length); t++) {
      const row = t * batch + b;
      images.set(lesson.images.subarray(t * pixels, (t + 1) * pixels), row * pixels);
      if (lesson.previous[t]! >= 0) previous.data[row * kinds + lesson.previous[t]!] = 1;
      expert.data[row * kinds + lesson.expert[t]!] = 1;
      wanted.data.set(lesson.cells.subarray(t * cells, (t + 1) * cells), row * cells);
      interacts.data[row] = lesson.interacts[t]!;
    }
  });
  return {
    image: { dtype: "uint8", shape: [rows, picture.channels, picture.height, picture.width], data: images },
    instruction: { dtype: "int64", shape: [batch, language!.length], data: tokens },
    previous_action: previous,
    expert,
    cells: wanted,
    interacts,
  };
}
