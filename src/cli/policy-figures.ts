import { Explainer } from "../explain/explainer.js";
import type { Explanation, Heatmap } from "../explain/explanation.js";
import { run, type Sink } from "../explain/pipeline.js";
import type { Policy } from "../policy/policy.js";
import type { Targets } from "../sim/reacher.js";
import { type ImageAblation, SimulatedSource } from "../sim/source.js";
import type { Task } from "../sim/task.js";
import { loadTask } from "../sim/tasks.js";
import type { ImagePoint } from "../sim/view.js";

/** How a policy does in closed loop: successes out of `episodes` each, as `torquelens sim` counts them. */
export interface PolicyFigures {
  readonly episodes: number;
  readonly seed: number;
  /** The four targets in turn. */
  readonly four: number;
  /** Targets anywhere in reach. */
  readonly random: number;
  /** Four targets, the image frozen to the first one with another target in it. */
  readonly image_frozen: number;
  /** Four targets, the image frozen to the episode's own first one. */
  readonly image_first: number;
  /** Median distance from the target at the end, millimetres. */
  readonly four_median_mm: number;
  readonly random_median_mm: number;
  /** Part of the heatmap's relevance near target or fingertip while the arm moves (four targets). */
  readonly focus: number;
}

/** How many closed-loop runs `policyFigures` makes. */
export const FIGURE_RUNS = 4;

export interface FigureOptions {
  readonly episodes?: number;
  readonly seed?: number;
  /** Called after each run with how many are done. */
  readonly done?: (runs: number) => void;
  readonly signal?: AbortSignal;
}

/** Runs a policy on its task with `episodes` episodes of `seed` in each condition. */
export async function policyFigures(
  policy: Policy,
  taskName: string,
  { episodes = 100, seed = 0, done, signal }: FigureOptions = {},
): Promise<PolicyFigures> {
  const conditions: readonly { targets: Targets; ablation?: ImageAblation; level: "full" | "shares" }[] = [
    { targets: "four", level: "full" },
    { targets: "random", level: "shares" },
    { targets: "four", level: "shares", ablation: "frozen" },
    { targets: "four", level: "shares", ablation: "first" },
  ];
  const results: Result[] = [];
  for (const { targets, level, ablation } of conditions) {
    const { width, height } = imageOf(policy);
    const task = await loadTask(taskName, { width, height, targets });
    const source = new SimulatedSource({ task, seed, episodes, speed: 0, ...(ablation ? { ablation } : {}) });
    const explainer = await Explainer.create(policy, { levels: [level], worker: false });
    const focus = new Focus(task);
    try {
      await run(source, explainer, level === "full" ? [focus] : [], signal);
    } finally {
      await explainer.close();
    }
    signal?.throwIfAborted();
    const { finalErrors, successes } = source.summary();
    results.push({ errors: finalErrors, successes, focus: focus.mean });
    done?.(results.length);
  }
  const [four, random, frozen, first] = results as [Result, Result, Result, Result];
  return {
    episodes,
    seed,
    four: four.successes,
    random: random.successes,
    image_frozen: frozen.successes,
    image_first: first.successes,
    four_median_mm: millimetres(four.errors),
    random_median_mm: millimetres(random.errors),
    focus: Number(four.focus.toFixed(3)),
  };
}

interface Result {
  readonly errors: readonly number[];
  readonly successes: number;
  readonly focus: number;
}

/** Near is within 8 pixels of an image 64 pixels high, wider on larger images. */
const NEAR = 8 / 64;
/** The arm moves where a joint turns faster than this, rad/s. */
const MOVING = 0.1;

/** Averages over the moving ticks how much of the image's relevance lies near the task's image points. */
class Focus implements Sink {
  #sum = 0;
  #ticks = 0;

  constructor(readonly task: Task) {}

  write({ observation, heatmaps, flags }: Explanation): void {
    const moving = observation.joints.velocity.some((velocity) => Math.abs(velocity) > MOVING);
    if (!moving || flags.includes("idle")) return;
    this.#sum += nearShare(heatmaps.image!, Object.values(this.task.imagePoints()));
    this.#ticks++;
  }

  async close(): Promise<void> {}

  get mean(): number {
    return this.#sum / this.#ticks;
  }
}

/** Part of a heatmap's relevance within reach of any of the points. */
export function nearShare({ width, height, data }: Heatmap, points: readonly ImagePoint[]): number {
  const reach = NEAR * height;
  let near = 0;
  let all = 0;
  data.forEach((relevance, pixel) => {
    const [x, y] = [(pixel % width) + 0.5, Math.floor(pixel / width) + 0.5];
    all += relevance;
    if (points.some((point) => Math.hypot(point.x - x, point.y - y) <= reach)) near += relevance;
  });
  return near / all;
}

function imageOf(policy: Policy): { width: number; height: number } {
  const image = policy.modalities.find(({ kind }) => kind === "image");
  if (image?.kind !== "image") throw new Error("the policy has no image");
  return image;
}

function millimetres(errors: readonly number[]): number {
  const sorted = [...errors].sort((a, b) => a - b);
  return Number((1000 * sorted[Math.floor(sorted.length / 2)]!).toFixed(2));
}
