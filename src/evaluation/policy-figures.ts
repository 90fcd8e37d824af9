import { Explainer } from "../explain/explainer.js";
import type { Explanation } from "../explain/explanation.js";
import { run, type Sink } from "../explain/pipeline.js";
import type { Heatmap } from "../image/heatmap.js";
import { upperMedian } from "../numbers/quantile.js";
import type { Policy } from "../policy/policy.js";
import type { ImagePoint } from "../sim/render/view.js";
import { SimulatedSource } from "../sim/source.js";
import type { Task } from "../sim/tasks/task.js";
import { loadTask } from "../sim/tasks/tasks.js";
import { type FigureRun, figureRuns } from "./figure-runs.js";

/**
 * How a policy does in closed loop: successes out of `episodes` for every run of its task (`figure-runs.ts`), as
 * `torquelens sim` counts them; median errors, millimetres; `focus`, the part of the heatmap's relevance near the
 * task's image points while the arm moves.
 */
export type PolicyFigures = Readonly<Record<"episodes" | "seed" | "focus", number>> & Readonly<Record<string, number>>;

export interface FigureOptions {
  /** Default: all of the task's. */
  readonly runs?: readonly FigureRun[];
  readonly episodes?: number;
  readonly seed?: number;
  /** Called after each run with how many are done. */
  readonly done?: (runs: number) => void;
  readonly signal?: AbortSignal;
}

/** Runs a policy on its task with `episodes` episodes of `seed` in each of the task's runs. */
export async function policyFigures(
  policy: Policy,
  taskName: string,
  { runs = figureRuns(taskName), episodes = 100, seed = 0, done, signal }: FigureOptions = {},
): Promise<PolicyFigures> {
  const successes: Record<string, number> = {};
  const medians: Record<string, number> = {};
  let focus = Number.NaN;
  for (const [index, figure] of runs.entries()) {
    const result = await figureRun(policy, taskName, figure, { episodes, seed, signal });
    successes[figure.key] = result.successes;
    if (figure.median) medians[figure.median[0]] = Number((1000 * upperMedian(result.errors)).toFixed(2));
    if (figure.focus) focus = Number(result.focus.toFixed(3));
    done?.(index + 1);
  }
  return { episodes, seed, ...successes, ...medians, focus };
}

async function figureRun(
  policy: Policy,
  taskName: string,
  { targets, ablation, torqueNoise, focus: full = false }: FigureRun,
  { episodes, seed, signal }: { episodes: number; seed: number; signal: AbortSignal | undefined },
): Promise<Result> {
  const { width, height } = imageOf(policy);
  const task = await loadTask(taskName, { width, height, ...(targets && { targets }) });
  const perturbations = torqueNoise === undefined ? [] : [{ tick: 0, torque_noise: torqueNoise }];
  const source = new SimulatedSource({ task, seed, episodes, speed: 0, perturbations, ...(ablation && { ablation }) });
  const explainer = await Explainer.create(policy, { levels: [full ? "full" : "shares"], worker: false });
  const focus = new Focus(task);
  try {
    await run(source, explainer, full ? [focus] : [], signal);
  } finally {
    await explainer.close();
  }
  signal?.throwIfAborted();
  const { finalErrors, successes } = source.summary();
  return { errors: finalErrors, successes, focus: focus.mean };
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
