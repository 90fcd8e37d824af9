import { policyFigures } from "../../evaluation/policy-figures.js";
import { worldFocus } from "../../evaluation/world-focus.js";
import type { Policy } from "../../policy/policy.js";
import type { FigureRun } from "../../sim/tasks/figure-run.js";
import { taskNamed } from "../../sim/tasks/tasks.js";
import { worldNamed, worldNames } from "../../sim/worlds/worlds.js";
import { episodesOf } from "../../train/distillation/episodes-of.js";
import { armPlay, type Play, worldPlay } from "../../train/distillation/play.js";
import { simulatedFor, taskFor } from "./sim-task.js";

/** Figures of a policy in closed loop, by name. */
export type Figures = Readonly<Record<string, number>>;

export interface MeasureOptions {
  readonly episodes: number;
  /** The method whose relevance is measured. */
  readonly method: string;
  readonly done: (part: number) => void;
  readonly signal: AbortSignal;
}

/** Where a policy acts: an arm's task, or a world. */
export interface Arena {
  readonly play: Play;
  /** Control steps of an episode, at most. */
  readonly ticks: number;
  /** The kind of episodes; part of the recipe. */
  readonly episodes: object;
  measure(policy: Policy, options: MeasureOptions): Promise<Figures>;
  /** The figures to show, in words. */
  readonly words: readonly (readonly [key: string, text: string])[];
}

/** @throws InputError for an unknown task, and for a policy that does not fit it */
export async function arenaFor(policy: Policy, task: string): Promise<Arena> {
  const trial = await simulatedFor(policy, task, {});
  const { ticks } = trial;
  trial.delete();
  if (worldNames.includes(task)) return worldArena(task, ticks);
  const { lesson } = taskNamed(task);
  const episodes = episodesOf(policy, lesson);
  const load = () => taskFor(policy, task, episodes);
  const run = runOf(task);
  const kind = episodes.starts ? { starts: episodes.starts } : {};
  return {
    play: armPlay(load),
    ticks,
    episodes,
    measure: (measured, options) => policyFigures(measured, task, { ...options, kind, runs: [run] }),
    words: [
      [run.key, run.text],
      ...(run.median ? [run.median] : []),
      ["focus", "gradient near the task's image points"],
    ],
  };
}

/** The run that judges teacher and student. */
function runOf(task: string): FigureRun {
  const { figureRuns } = taskNamed(task);
  return { ...(figureRuns.find(({ focus }) => focus) ?? figureRuns[0]!), focus: true };
}

function worldArena(task: string, ticks: number): Arena {
  const entry = worldNamed(task);
  return {
    play: worldPlay(entry),
    ticks,
    episodes: {},
    measure: (measured, options) => worldFocus(measured, task, options),
    words: [
      ["success", "success"],
      ["return", "mean return"],
      ["focus", `gradient on ${entry.facts.salient.join(", ")}`],
    ],
  };
}
