import { standardise } from "./demonstrations.js";
import type { Lesson } from "./lessons.js";
import { headInputs } from "./network.js";
import { type ConditionFigures, figuresOf } from "./outcome.js";
import type { Gps, Groundwork } from "./recipe.js";
import { type CollectStage, type Stage, TRAINING_SEED } from "./stage.js";

/** Cost of what the policy does at one tick, pose steps: as good as all that collecting costs. */
const ACTION = 0.005;

/**
 * Mirror descent guided policy search (Montgomery & Levine 2016). First the expert's own episodes, and `prelude` rounds
 * of the policy's labelled by the expert. Then in every iteration, from new starts, controllers within a bound of the
 * policy (`improve`), and a fit of the fully connected layers to what they do where the policy came to.
 * @param ticks of an episode
 */
export function gpsStages(recipe: Groundwork & { readonly gps: Gps }, lesson: Lesson, ticks: number): Stage[] {
  const { gps, spec } = recipe;
  const { prelude, iterations, conditions, samples, window } = gps;
  const episodes = conditions * samples;
  // Its own run and that of the start before, the samples, and two positions and velocities of every joint.
  const around = 2 + samples + 4 * spec.torques;
  const rounds = 1 + prelude + iterations;
  return Array.from({ length: rounds }, (_, round): Stage[] => {
    const search = round - prelude;
    const final = round === rounds - 1;
    const phase = search > 0 ? `guided policy search ${search}/${iterations}` : `prelude ${round}/${prelude}`;
    const rows = (round + 1) * episodes * ticks;
    const sampling = {
      from: Math.max(0, round + 1 - window) * episodes * ticks,
      rows,
      points: headInputs(spec) - spec.configuration,
      noise: gps.noise[final ? 1 : 0],
      stale: gps.stale,
    };
    return [
      search > 0
        ? searchStage(gps, lesson, phase, { round, search, rows, cost: ACTION * ticks * conditions * around })
        : preludeStage(gps, lesson, phase, { round, rows, cost: ACTION * ticks * episodes }),
      {
        kind: "fit",
        phase,
        group: "head",
        steps: final ? gps.finalSteps : gps.steps,
        rate: final ? gps.rate * 0.7 : gps.rate,
        request: (step) => ({ kind: "head", fit: round, step, sampling }),
      },
    ];
  }).flat();
}

function preludeStage(
  { conditions, samples, torqueNoise }: Gps,
  { targets }: Lesson,
  phase: string,
  { round, rows, cost }: { readonly round: number; readonly rows: number; readonly cost: number },
): CollectStage {
  const episodes = conditions * samples;
  const expert = round === 0;
  return {
    kind: "collect",
    phase,
    cost,
    async collect({ seed, team, demonstrations, policy, ...watch }) {
      const numbers = Array.from({ length: episodes }, (_, i) => round * episodes + i);
      const options = { seed: seed + TRAINING_SEED, targets, expert, noise: torqueNoise };
      const outcomes = await team.episodes(policy(), numbers, options, { record: true, ...watch });
      if (expert) standardise(demonstrations, rows);
      return { rows, figures: figuresOf(phase, expert ? "expert" : "policy", outcomes) };
    },
  };
}

function searchStage(
  { conditions, samples, torqueNoise, startNoise, probe, widest, bound }: Gps,
  { targets }: Lesson,
  phase: string,
  {
    round,
    search,
    rows,
    cost,
  }: { readonly round: number; readonly search: number; readonly rows: number; readonly cost: number },
): CollectStage {
  return {
    kind: "collect",
    phase,
    cost,
    async collect({ seed, team, iterations, policy, ...watch }) {
      const last = iterations[iterations.length - 1]!.conditions;
      const items = Array.from({ length: conditions }, (_, place) => {
        const episode = search * conditions + place;
        return { episode, place, before: last && { ...last[place]!, episode: episode - conditions } };
      });
      const options = { seed: seed + TRAINING_SEED, samples, torqueNoise, startNoise, probe, widest, bound };
      const how = { targets, options, record: round * conditions * samples };
      const found = await team.conditions(policy(), items, how, watch);
      return { rows, figures: { ...figuresOf(phase, "policy", found), conditions: found } };
    },
  };
}

/** A condition's figures as a row of numbers, to cross from a worker. */
export const toRow = ({ cost, error, success, promise, bound, divergence }: ConditionFigures): number[] => [
  cost,
  error,
  Number(success),
  promise,
  bound,
  divergence,
];

export function fromRow(row: readonly number[]): ConditionFigures {
  const [cost, error, success, promise, bound, divergence] = row as [number, number, number, number, number, number];
  return { cost, error, success: success === 1, promise, bound, divergence };
}
