import { Explainer } from "../explain/explainer.js";
import { run } from "../explain/pipeline.js";
import { upperMedian } from "../numbers/quantile.js";
import { put } from "../own.js";
import type { Policy } from "../policy/policy.js";
import { SimulatedSource } from "../sim/source.js";
import type { FigureRun } from "../sim/tasks/figure-run.js";
import type { EpisodeKind } from "../sim/tasks/task.js";
import { loadTask, taskNamed } from "../sim/tasks/tasks.js";
import { Focus } from "./focus.js";

/**
 * Figures of a policy in closed loop: successes out of `episodes` for every run of its task (`FigureRun`), as
 * `torquelens sim` counts them; median errors, millimetres; `focus`, the part of the heatmap's relevance near the
 * task's image points while the arm moves.
 */
export type PolicyFigures = Readonly<Record<"episodes" | "seed" | "focus", number>> & Readonly<Record<string, number>>;

export interface FigureOptions {
  /** Default: all runs of the task. */
  readonly runs?: readonly FigureRun[];
  readonly episodes?: number;
  readonly seed?: number;
  /** The method whose relevance `focus` measures; default the explainer's. */
  readonly method?: string;
  /** Kind of the episodes, where a run does not say it. Default: the task's own. */
  readonly kind?: EpisodeKind;
  /** Called after each tick with the part that is done, 0 to 1. */
  readonly done?: (part: number) => void;
  readonly signal?: AbortSignal;
}

/** Default number of episodes of a run. */
const FIGURE_EPISODES = 100;

/** Measures a policy on its task: `episodes` episodes of `seed` in each of the task's runs. */
export async function policyFigures(
  policy: Policy,
  taskName: string,
  options: FigureOptions = {},
): Promise<PolicyFigures> {
  const {
    runs = taskNamed(taskName).figureRuns,
    episodes = FIGURE_EPISODES,
    seed = 0,
    kind = {},
    method,
    signal,
  } = options;
  const successes: Record<string, number> = {};
  const medians: Record<string, number> = {};
  let focus = Number.NaN;
  for (const [index, figure] of runs.entries()) {
    const done = options.done && ((part: number) => options.done!((index + part) / runs.length));
    const result = await figureRun(policy, taskName, figure, { episodes, seed, kind, method, signal, done });
    put(successes, figure.key, result.successes);
    if (figure.median) put(medians, figure.median[0], Number((1000 * upperMedian(result.errors)).toFixed(2)));
    if (figure.focus) focus = Number(result.focus.toFixed(3));
  }
  return { episodes, seed, ...successes, ...medians, focus };
}

async function figureRun(
  policy: Policy,
  taskName: string,
  { targets, ablation, torqueNoise, focus: full = false }: FigureRun,
  { episodes, seed, kind, method, signal, done }: RunOptions,
): Promise<Result> {
  const { width, height } = imageOf(policy);
  const task = await loadTask(taskName, { width, height, ...kind, ...(targets && { targets }) });
  const perturbations = torqueNoise === undefined ? [] : [{ tick: 0, torque_noise: torqueNoise }];
  const source = new SimulatedSource({ task, seed, episodes, speed: 0, perturbations, ...(ablation && { ablation }) });
  const explainer = await Explainer.create(policy, {
    levels: [full ? "full" : "shares"],
    ...(method && { method }),
    worker: false,
  });
  const focus = new Focus(task);
  let ticks = 0;
  const count = { write: () => done?.(++ticks / (episodes * task.ticks)), close: async () => {} };
  try {
    await run(source, explainer, full ? [focus, count] : [count], signal);
  } finally {
    await explainer.close();
  }
  signal?.throwIfAborted();
  const { finalErrors, successes } = source.summary();
  return { errors: finalErrors, successes, focus: focus.mean };
}

interface RunOptions {
  readonly episodes: number;
  readonly seed: number;
  readonly kind: EpisodeKind;
  readonly method: string | undefined;
  readonly signal: AbortSignal | undefined;
  readonly done: ((part: number) => void) | undefined;
}

interface Result {
  readonly errors: readonly number[];
  readonly successes: number;
  readonly focus: number;
}

function imageOf(policy: Policy): { width: number; height: number } {
  const image = policy.modalities.find(({ kind }) => kind === "image");
  if (image?.kind !== "image") throw new Error("the policy has no image");
  return image;
}
