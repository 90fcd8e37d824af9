import { isMeaningful } from "../../explain/explanation.js";
import { mean } from "../../numbers/mean.js";
import { own } from "../../own.js";
import type { Policy } from "../../policy/policy.js";
import { random } from "../../sim/random.js";
import { BACKGROUND, type Sight } from "../../sim/render/sight.js";
import type { Task } from "../../sim/tasks/task.js";
import type { Progress } from "../progress.js";
import { type Episode, record } from "./episodes.js";
import { type Each, explaining } from "./explaining.js";
import { CHANGE, METHODS } from "./paper.js";
import { firstImage } from "./sanity.js";

/** Label of a distractor's pixels, beside those of a `Sight`. */
const DISTRACTOR = 3;
/** Radius of the distractor as a part of the image's height. */
const RADIUS = 0.06;
/** Distractors by their look: one in a colour that the scene has not, one in the colour of the goal and its edges. */
export const DISTRACTORS = { green: [40, 190, 60], "like the goal": [255, 56, 20] } as const satisfies Readonly<
  Record<string, readonly [number, number, number]>
>;

/** Ways in which a distractor stands in an episode: all the time at one place, or at another one from the change on. */
const WAYS = ["fixed", "moved"] as const;

/** What a distractor of one look does to a policy. */
export interface DistractorFindings {
  readonly look: string;
  readonly episodes: number;
  /** Successful episodes with the distractor at one place, and with one that moves. */
  readonly successes: Readonly<Record<(typeof WAYS)[number], number>>;
  /** Mean part of the image's |R| on the distractor, by the first method, and of the pixels. */
  readonly relevance: number;
  readonly area: number;
}

/** Puts a disc on a task's camera image, behind arm and goal. It is at another place in every episode. */
export function withDistractor(task: Task, [r, g, b]: readonly [number, number, number], moves: boolean): Task {
  const { width, height } = task;
  const radius = RADIUS * height;
  const changeAt = Math.round(CHANGE * task.ticks);
  let numbers = random(0);
  let places: (readonly [x: number, y: number])[] = [];
  let tick = 0;
  const begin = (seed: number, episode: number): void => {
    numbers = random(seed, episode, PLACES);
    const place = () => [numbers.between(0.1, 0.9) * width, numbers.between(0.1, 0.9) * height] as const;
    places = [place(), place()];
    tick = 0;
  };
  /** Pixels whose centres are in the disc. */
  const disc = (): number[] => {
    const [x, y] = places[moves && tick >= changeAt ? 1 : 0]!;
    const pixels: number[] = [];
    for (let row = Math.max(0, Math.floor(y - radius)); row < Math.min(height, y + radius); row++)
      for (let column = Math.max(0, Math.floor(x - radius)); column < Math.min(width, x + radius); column++)
        if (Math.hypot(column + 0.5 - x, row + 0.5 - y) <= radius) pixels.push(row * width + column);
    return pixels;
  };
  const sight = (): Sight => {
    const seen = task.sight();
    for (const pixel of disc()) if (seen.segmentation[pixel] === BACKGROUND) seen.segmentation[pixel] = DISTRACTOR;
    return seen;
  };
  const changed: Partial<Task> = {
    reset(seed, episode, condition) {
      begin(seed, episode);
      task.reset(seed, episode, condition);
    },
    step(torque) {
      tick++;
      return task.step(torque);
    },
    observe() {
      const observation = task.observe();
      const { segmentation } = sight();
      for (const pixel of disc()) if (segmentation[pixel] === DISTRACTOR) observation.image.set([r, g, b], 3 * pixel);
      return observation;
    },
    sight,
  };
  begin(0, 0);
  return new Proxy(task, {
    get(whole, key) {
      const other = Reflect.get(changed, key);
      if (other !== undefined) return other;
      const value = Reflect.get(whole, key, whole);
      return typeof value === "function" ? value.bind(whole) : value;
    },
  });
}

/** Stream of random numbers of the places. */
const PLACES = 12;

export interface DistractorWorkload {
  readonly seed: number;
  /** Episodes in each condition. */
  readonly perCondition: number;
  /** Every `stride`th tick is explained. */
  readonly stride: number;
}

/** Runs a policy with distractors of every look. */
export async function distractorFindings(
  policy: Policy,
  open: () => Promise<Task>,
  { seed, perCondition, stride }: DistractorWorkload,
  progress: Progress,
): Promise<DistractorFindings[]> {
  const found: DistractorFindings[] = [];
  for (const [look, color] of Object.entries(DISTRACTORS)) {
    const successes = { fixed: 0, moved: 0 };
    const recorded: Episode[] = [];
    for (const way of WAYS) {
      const task = await open();
      const episodes = perCondition * task.conditions.length;
      const changed = withDistractor(task, color, way === "moved");
      const run = await record(policy, changed, { seed, episodes, sightStride: stride, ...progress });
      successes[way] = run.successes;
      recorded.push(...run.episodes);
    }
    const parts: (readonly [relevance: number, area: number])[] = [];
    const image = firstImage(policy).name;
    const each: Each = ({ heatmaps, flags }, { segmentation }) => {
      if (isMeaningful(flags)) parts.push(partsOn(own(heatmaps, image)!.data, segmentation!));
    };
    await explaining(policy, METHODS[0], (explainer) => explainer.courses(recorded, { stride, each, ...progress }));
    found.push({
      look,
      episodes: recorded.length / WAYS.length,
      successes,
      relevance: mean(parts, ([relevance]) => relevance),
      area: mean(parts, ([, area]) => area),
    });
  }
  return found;
}

/** Parts of |R| and of the pixels on the distractor. */
export function partsOn(relevance: ArrayLike<number>, segmentation: Uint8Array): readonly [number, number] {
  let [on, all, pixels] = [0, 0, 0];
  segmentation.forEach((label, pixel) => {
    const size = Math.abs(relevance[pixel]!);
    all += size;
    if (label !== DISTRACTOR) return;
    on += size;
    pixels++;
  });
  return [all > 0 ? on / all : Number.NaN, pixels / segmentation.length];
}

/** Number of control steps and explanations that `distractorFindings` makes. */
export function workOfDistractors(
  { conditions, ticks }: Pick<Task, "conditions" | "ticks">,
  { perCondition, stride }: Omit<DistractorWorkload, "seed">,
): number {
  const episodes = WAYS.length * perCondition * conditions.length;
  return Object.keys(DISTRACTORS).length * episodes * (ticks + Math.ceil(ticks / stride));
}
