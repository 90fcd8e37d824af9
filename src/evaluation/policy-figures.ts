import { Explainer } from "../explain/explainer.js";
import { run } from "../explain/pipeline.js";
import { upperMedian } from "../numbers/quantile.js";
import { put } from "../own.js";
import type { Policy } from "../policy/policy.js";
import { SimulatedSource } from "../sim/source.js";
import type { FigureRun } from "../sim/tasks/figure-run.js";
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
  /** Called after each run with the number of finished runs. */
  readonly done?: (runs: number) => void;
  readonly signal?: AbortSignal;
}

/** Measures a policy on its task: `episodes` episodes of `seed` in each of the task's runs. */
export async function policyFigures(
  policy: Policy,
  taskName: string,
  { runs = taskNamed(taskName).figureRuns, episodes = 100, seed = 0, done, signal }: FigureOptions = {},
): Promise<PolicyFigures> {
  const successes: Record<string, number> = {};
  const medians: Record<string, number> = {};
  let focus = Number.NaN;
  for (const [index, figure] of runs.entries()) {
    const result = await figureRun(policy, taskName, figure, { episodes, seed, signal });
    put(successes, figure.key, result.successes);
    if (figure.median) put(medians, figure.median[0], Number((1000 * upperMedian(result.errors)).toFixed(2)));
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

function imageOf(policy: Policy): { width: number; height: number } {
  const image = policy.modalities.find(({ kind }) => kind === "image");
  if (image?.kind !== "image") throw new Error("the policy has no image");
  return image;
}
