import { median } from "d3-array";
import type { Observation } from "../explain/observation.js";
import { CONVENTIONS, underConvention } from "../policy/conventions.js";
import type { Policy } from "../policy/policy.js";
import { methodNamed } from "../relevance/methods.js";
import type { Perturbation } from "../sim/perturbations.js";
import { random } from "../sim/random.js";
import type { Task } from "../sim/task.js";
import { compareForms, WEIGHTINGS, weighted } from "./alpha.js";
import { agreement, type ChangeWindows, changeVerdicts, courseVerdicts } from "./claims.js";
import type { Course } from "./course.js";
import { type Episode, record } from "./episodes.js";
import { explainEpisodes } from "./explaining.js";
import type { Extent } from "./extent.js";
import type { Measured, TaskFindings } from "./findings.js";
import { type Mass, MassMeter } from "./mass.js";
import { dataMeans } from "./means.js";
import { METHODS, TESTED } from "./paper.js";
import { type Pictured, picture } from "./picture.js";
import { cascade, collapse, firstImage } from "./sanity.js";

/** A task with its policy. */
export interface Subjected {
  readonly name: string;
  readonly policy: Policy;
  /** Loads the task with the camera that the policy expects; what takes it frees it. */
  open(): Promise<Task>;
}

export interface Hooks {
  readonly signal?: AbortSignal | undefined;
  /** Called once it is known how many steps and explanations there will be. */
  readonly begin?: ((total: number) => void) | undefined;
  /** Called after each control step and each explanation. */
  readonly done?: (() => void) | undefined;
}

/** The convention that everything is measured under first. */
export const [USUAL] = CONVENTIONS.map(({ name }) => name) as [string];
/** When the target changes, of the episode; and how long before, after and later are, ticks. */
const CHANGE = 0.3;
const CHANGE_WIDTH = 5;
const CHANGE_LATER = 15;
/** Ticks of the first episode that are drawn. */
const DRAWN = [0, 0.2];

/** Lets a policy do its task and finds all that the paper says of it. */
export async function reproduceTask(subjected: Subjected, extent: Extent, hooks: Hooks): Promise<TaskFindings> {
  const { name, policy } = subjected;
  const task = await subjected.open();
  const { conditions, controlPeriod: period, ticks } = task;
  const { seed, stride } = extent;
  const episodes = extent.perCondition * conditions.length;
  hooks.begin?.(amount(episodes, ticks, stride));
  const windows: ChangeWindows = { at: Math.round(CHANGE * ticks), width: CHANGE_WIDTH, later: CHANGE_LATER };
  const perturbations = changes(task, seed, episodes, windows.at);
  const usual = await record(policy, task, { seed, episodes, ...hooks });
  const changed = await record(policy, await subjected.open(), { seed, episodes, perturbations, ...hooks });

  const observations = usual.episodes.flatMap((episode) => episode.ticks.map(({ observation }) => observation));
  const means = await dataMeans(policy, observations);
  const measured: Measured[] = [];
  const changeMeasured: Measured[] = [];
  const mass: { method: string; convention: string; mass: Mass }[] = [];
  const residual: Record<string, number> = {};
  for (const convention of CONVENTIONS) {
    const under = underConvention(policy, convention, means);
    const isUsual = convention.name === USUAL;
    for (const method of METHODS) {
      const meter = new MassMeter();
      const courses = await explainEpisodes(under, usual.episodes, {
        method,
        stride: isUsual ? 1 : stride,
        each: ({ heatmaps, conservationResidual, flags }, { segmentation }) => {
          if (flags.includes("idle")) return;
          residual[method] = Math.max(residual[method] ?? 0, conservationResidual);
          meter.add(heatmaps[firstImage(policy).name]!, segmentation);
        },
        ...hooks,
      });
      measured.push({ method, convention: convention.name, courses, verdicts: courseVerdicts(courses) });
      mass.push({ method, convention: convention.name, mass: meter.result() });
      // The paper shows the change by DTD alone.
      if (!isUsual && method !== METHODS[0]) continue;
      const after = await explainEpisodes(under, changed.episodes, { method, stride: isUsual ? 1 : stride, ...hooks });
      changeMeasured.push({
        method,
        convention: convention.name,
        courses: after,
        verdicts: changeVerdicts(after, windows),
      });
    }
  }
  const by = (method: string) => measured.find((one) => one.method === method && one.convention === USUAL)!.courses;
  const [first] = METHODS;
  const alpha = await alphaOf(policy, usual.episodes, by(first), stride, hooks);
  const sampled = (count: number) => sample(usual.episodes, by(first), count);
  const torqueTicks = sampled(extent.torqueTicks);
  const cascadeTicks = sampled(extent.cascadeTicks);
  const collapses: TaskFindings["collapse"][number][] = [];
  const cascades: TaskFindings["cascade"][number][] = [];
  for (const method of TESTED) {
    collapses.push({ method, collapse: await collapse({ policy, method, observations: torqueTicks, ...hooks }) });
    cascades.push({ method, steps: await cascade({ policy, method, observations: cascadeTicks, ...hooks }, seed) });
  }
  return {
    task: name,
    policy,
    joints: policy.card.joints,
    modalities: policy.modalities.map((modality) => modality.name),
    conditions,
    period,
    ticks,
    episodes,
    successes: usual.successes,
    medianError: median(usual.finalErrors) ?? Number.NaN,
    measured,
    agreement: METHODS.flatMap((a, i) => METHODS.slice(i + 1).map((b) => agreement(by(a), by(b), [a, b]))),
    change: { windows, measured: changeMeasured, successes: changed.successes },
    mass,
    collapse: collapses,
    cascade: cascades,
    alpha: { weighted: alpha, ...compareForms(usual.episodes) },
    residual: Object.fromEntries(Object.entries(residual).filter(([method]) => methodNamed(method).conserves)),
    pictures: await drawn(policy, usual.episodes),
  };
}

/** Control steps and explanations, as `Hooks.done` counts them. */
function amount(episodes: number, ticks: number, stride: number): number {
  const [all, some] = [episodes * ticks, episodes * Math.ceil(ticks / stride)];
  const others = CONVENTIONS.length - 1;
  const recorded = 2 * all;
  const usual = 2 * METHODS.length * all;
  return recorded + usual + others * (METHODS.length + 1) * some + Object.keys(WEIGHTINGS).length * some;
}

/** A new goal in mid-episode, another in each (001 Fig. 6). */
function changes(task: Task, seed: number, episodes: number, tick: number): Perturbation[] {
  return Array.from({ length: episodes }, (_, episode) => ({
    tick,
    episode,
    target: [...task.randomGoal(random(seed, episode, GOALS))],
  }));
}

/** Tells these random numbers from those of episodes and noise. */
const GOALS = 6;

async function alphaOf(
  policy: Policy,
  episodes: readonly Episode[],
  usual: readonly Course[],
  stride: number,
  hooks: Hooks,
): Promise<TaskFindings["alpha"]["weighted"]> {
  const all: TaskFindings["alpha"]["weighted"][number][] = [];
  for (const [weighting, importance] of Object.entries(WEIGHTINGS)) {
    const courses = await explainEpisodes(policy, episodes, { method: METHODS[0], importance, stride, ...hooks });
    all.push(weighted(weighting, courses, usual));
  }
  return all;
}

/** Observations that count, evenly spread over all episodes. */
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

async function drawn(policy: Policy, [episode]: readonly Episode[]): Promise<Pictured[]> {
  const { condition, ticks } = episode!;
  const pictures: Pictured[] = [];
  for (const part of DRAWN) {
    const tick = Math.round(part * ticks.length);
    pictures.push(await picture(policy, ticks[tick]!.observation, METHODS, { condition, tick }));
  }
  return pictures;
}
