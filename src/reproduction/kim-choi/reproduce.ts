import { dataMeans } from "../../evaluation/data-means.js";
import { SameNetwork } from "../../evaluation/same-network.js";
import type { Observation } from "../../explain/observation.js";
import { median } from "../../numbers/quantile.js";
import { CONVENTIONS } from "../../policy/conventions.js";
import type { Policy } from "../../policy/policy.js";
import { underConvention } from "../../policy/under-convention.js";
import { methodNamed } from "../../relevance/methods.js";
import type { Perturbation } from "../../sim/perturbations.js";
import { random } from "../../sim/random.js";
import type { Task } from "../../sim/tasks/task.js";
import type { Progress } from "../progress.js";
import type { ChangeWindows } from "./claims.js";
import { type Course, thinned } from "./course.js";
import { distractorFindings, workOfDistractors } from "./distractors.js";
import { type Episode, type Recording, type RecordOptions, record } from "./episodes.js";
import { type EpisodeExplainer, explaining } from "./explaining.js";
import { DEFAULT_CONVENTION, type Measured, type TaskFindings } from "./findings.js";
import { measure, type Recorded } from "./measurement.js";
import { CHANGE, METHODS, TESTED } from "./paper.js";
import { type Pictured, picture } from "./picture.js";
import { type Cascade, cascade, compareTorques, type TorqueLikeness } from "./sanity.js";
import { agreement } from "./verdicts.js";
import { compareForms, WEIGHTINGS, type WeightedShares, weighted } from "./weightings.js";
import { distractorWorkload, type Workload } from "./workload.js";

/** A task with its policy. */
export interface TaskPolicy {
  readonly name: string;
  readonly policy: Policy;
  /** Loads the task with the camera that the policy expects; the caller frees it. */
  open(): Promise<Task>;
}

/** Ticks of the windows around the change. */
const CHANGE_WIDTH = 5;
const CHANGE_LATER = 15;
/** Moments of the first episode that are drawn, parts of its length. */
const DRAWN = [0, 0.2];

/** Runs a policy on its task and measures everything that the paper reports. */
export async function reproduceTask(
  taskPolicy: TaskPolicy,
  workload: Workload,
  progress: Progress,
): Promise<TaskFindings> {
  const { name, policy } = taskPolicy;
  const { seed } = workload;
  const kept = { sightStride: 1, withForms: true };
  const both = await recordBoth(policy, taskPolicy.open, { ...workload, ...kept }, progress);
  const { conditions, period, ticks, usual, changed, recorded } = both;
  const { windows } = recorded;
  const episodes = usual.episodes.length;
  const observations = usual.episodes.flatMap((episode) => episode.ticks.map(({ observation }) => observation));
  const means = await dataMeans(policy, observations);
  const measured: Measured[] = [];
  const changeMeasured: Measured[] = [];
  const agreements: TaskFindings["agreement"][number][] = [];
  const mass: TaskFindings["mass"][number][] = [];
  const alpha: TaskFindings["alpha"]["weighted"][number][] = [];
  const likenesses: TaskFindings["torqueLikeness"][number][] = [];
  const cascades: TaskFindings["cascade"][number][] = [];
  const residual: Record<string, number> = {};
  const tests = new SameNetwork<Heatmaps>(isHeatmap);
  for (const { name: convention, ...entry } of CONVENTIONS) {
    const under = underConvention(policy, { name: convention, ...entry }, means);
    const strides = convention === DEFAULT_CONVENTION ? { stride: 1, mapStride: 1 } : workload;
    const by = new Map<string, readonly Course[]>();
    for (const method of METHODS) {
      const found = await explaining(under, method, async (explainer) => {
        const measurement = await measure(explainer, recorded, strides, progress);
        if (method !== METHODS[0]) return measurement;
        for (const one of await alphaOf(explainer, usual.episodes, measurement.courses, workload.alphaStride, progress))
          alpha.push({ convention, ...one });
        return measurement;
      });
      by.set(method, found.courses);
      const key = { method, convention };
      measured.push({ ...key, courses: found.courses, verdicts: found.verdicts });
      changeMeasured.push({ ...key, courses: found.changed, verdicts: found.changeVerdicts });
      mass.push({ ...key, mass: found.mass });
      residual[method] = Math.max(residual[method] ?? 0, found.residual);
    }
    agreements.push({
      convention,
      verdicts: METHODS.flatMap((a, i) => METHODS.slice(i + 1).map((b) => agreement(by.get(a)!, by.get(b)!, [a, b]))),
    });
    const first = by.get(METHODS[0])!;
    const sampled = (count: number) => sample(usual.episodes, first, count);
    for (const method of TESTED) {
      const test = { policy: under, method, ...progress };
      const find = async () => ({
        torqueLikeness: await compareTorques({ ...test, observations: sampled(workload.torqueTicks) }),
        steps: await cascade({ ...test, observations: sampled(workload.cascadeTicks) }, seed),
      });
      const { torqueLikeness, steps } = await tests.of(under, method, find);
      likenesses.push({ method, convention, torqueLikeness });
      cascades.push({ method, convention, steps });
    }
  }
  return {
    task: name,
    policy: { path: policy.path, sha256: policy.sha256 },
    joints: policy.outputs.map(({ name }) => name),
    modalities: policy.modalities.map((modality) => modality.name),
    conditions,
    period,
    ticks,
    episodes,
    successes: usual.successes,
    medianError: median(usual.finalErrors),
    measured,
    agreement: agreements,
    change: { windows, measured: changeMeasured, successes: changed.successes },
    mass,
    torqueLikeness: likenesses,
    cascade: cascades,
    alpha: { weighted: alpha, ...compareForms(usual.episodes) },
    residual: Object.fromEntries(Object.entries(residual).filter(([method]) => methodNamed(method).conserves)),
    distractors: await distractorFindings(policy, taskPolicy.open, distractorWorkload(workload), progress),
    pictures: await drawn(policy, usual.episodes),
  };
}

/** What is kept of usual episodes. */
type Kept = Pick<RecordOptions, "sightStride" | "withForms">;

/** Records usual episodes of a policy, and the same with a target that changes. */
export async function recordBoth(
  policy: Policy,
  open: () => Promise<Task>,
  { seed, perCondition, sightStride, withForms }: Pick<Workload, "seed" | "perCondition"> & Kept,
  progress: Progress,
) {
  const task = await open();
  const { conditions, controlPeriod: period, ticks } = task;
  const episodes = perCondition * conditions.length;
  const windows = changeWindows(ticks);
  const usual = await record(policy, task, { seed, episodes, sightStride, withForms, ...progress });
  const changed = await changedEpisodes(policy, await open(), { seed, perCondition }, progress);
  const recorded: Recorded = { usual: usual.episodes, changed: changed.episodes, windows };
  return { conditions, period, ticks, usual, changed, recorded };
}

/** Records episodes of a policy whose target changes. Frees the task. */
export function changedEpisodes(
  policy: Policy,
  task: Task,
  { seed, perCondition }: Pick<Workload, "seed" | "perCondition">,
  progress: Progress,
): Promise<Recording> {
  const episodes = perCondition * task.conditions.length;
  const perturbations = changes(task, seed, episodes, changeWindows(task.ticks).at);
  return record(policy, task, { seed, episodes, perturbations, ...progress });
}

/** Windows around the change of the target in episodes of that length. */
export const changeWindows = (ticks: number): ChangeWindows => ({
  at: Math.round(CHANGE * ticks),
  width: CHANGE_WIDTH,
  later: CHANGE_LATER,
});

/** The tests look at heatmaps alone, which not every convention changes. */
const isHeatmap = (output: string) => output.startsWith("torquelens.heatmap.");

/** Tests of heatmaps. */
interface Heatmaps {
  readonly torqueLikeness: TorqueLikeness;
  readonly steps: readonly Cascade[];
}

/** Number of explanations of all episodes at every `stride`th tick. */
export const explained = (episodes: number, ticks: number, stride: number) => episodes * Math.ceil(ticks / stride);

/** Number of control steps and explanations that `reproduceTask` makes for a task. */
export function workOf({ conditions, ticks }: Task, workload: Workload): number {
  const { perCondition, stride, alphaStride } = workload;
  const episodes = perCondition * conditions.length;
  const at = (every: number) => explained(episodes, ticks, every);
  const others = CONVENTIONS.length - 1;
  const weightings = Object.keys(WEIGHTINGS).length - 1;
  return (
    workOfDistractors({ conditions, ticks }, distractorWorkload(workload)) +
    2 * at(1) +
    2 * METHODS.length * (at(1) + others * at(stride)) +
    CONVENTIONS.length * weightings * at(alphaStride)
  );
}

/** A new goal midway in each episode (Kim & Choi Fig. 6). */
function changes(task: Task, seed: number, episodes: number, tick: number): Perturbation[] {
  return Array.from({ length: episodes }, (_, episode) => ({
    tick,
    episode,
    target: [...task.randomGoal(random(seed, episode, GOALS))],
  }));
}

/** Stream of random numbers, apart from those of episodes and noise. */
const GOALS = 6;

/** Shares by every weighting at every `stride`th tick. @param courses those by α as used, the first weighting */
async function alphaOf(
  explainer: EpisodeExplainer,
  episodes: readonly Episode[],
  courses: readonly Course[],
  stride: number,
  progress: Progress,
): Promise<WeightedShares[]> {
  const usual = courses.map((course) => thinned(course, stride));
  const [first, ...others] = Object.entries(WEIGHTINGS);
  const all = [weighted(first![0], usual, usual)];
  for (const [weighting, importance] of others) {
    const own = await explainer.courses(episodes, { importance, stride, level: "shares", ...progress });
    all.push(weighted(weighting, own, usual));
  }
  return all;
}

/** Observations of ticks that count, evenly spread over all episodes. */
function sample(episodes: readonly Episode[], courses: readonly Course[], count: number): Observation[] {
  const counting = episodes.flatMap(({ ticks }, e) =>
    ticks.filter((_, t) => !Number.isNaN(courses[e]!.ratios.image[t]!)).map(({ observation }) => observation),
  );
  const step = counting.length / count;
  return Array.from(
    { length: Math.min(count, counting.length) },
    (_, k) => counting[Math.floor(k * Math.max(1, step))]!,
  );
}

/** Pictures of the first episode. */
export async function drawn(policy: Policy, [episode]: readonly Episode[]): Promise<Pictured[]> {
  const { condition, ticks } = episode!;
  const pictures: Pictured[] = [];
  for (const part of DRAWN) {
    const tick = Math.round(part * ticks.length);
    pictures.push(await picture(policy, ticks[tick]!.observation, METHODS, { condition, tick }));
  }
  return pictures;
}
