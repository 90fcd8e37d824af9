import { standardise } from "../demonstrations.js";
import type { Lesson } from "../lessons.js";
import { headInputs } from "../network.js";
import { type ConditionFigures, figuresOf } from "../outcome.js";
import type { Gps, Groundwork } from "../recipe.js";
import { type CollectStage, type Stage, TRAINING_SEED } from "../stage.js";

/** Cost of what the policy does at one tick, pose steps: as good as all that collecting costs. */
const ACTION = 0.005;

/**
 * Mirror descent guided policy search (Montgomery & Levine 2016). First the expert's own episodes, with noise. Then in
 * every iteration, from new starts, controllers within a bound of the policy (`improve`), and a fit of the fully
 * connected layers to what they do where the policy came to.
 * @param ticks of an episode
 */
export function gpsStages(recipe: Groundwork & { readonly gps: Gps }, lesson: Lesson, ticks: number): Stage[] {
  const { gps, spec } = recipe;
  const { iterations, conditions, samples, window } = gps;
  const episodes = conditions * samples;
  // Its own run and that of the start before, the samples, and two positions and velocities of every joint.
  const around = 2 + samples + 4 * spec.torques;
  return Array.from({ length: iterations + 1 }, (_, round): Stage[] => {
    const final = round === iterations;
    const phase = `guided policy search ${round}/${iterations}`;
    const rows = (round + 1) * episodes * ticks;
    const sampling = {
      from: Math.max(0, round + 1 - window) * episodes * ticks,
      rows,
      points: headInputs(spec) - spec.configuration,
      noise: gps.noise[final ? 1 : 0],
      stale: gps.stale,
    };
    return [
      round === 0
        ? expertStage(gps, lesson, phase, { rows, cost: ACTION * ticks * episodes })
        : searchStage(gps, lesson, phase, { round, rows, cost: ACTION * ticks * conditions * around }),
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

interface Round {
  /** Rows of the demonstrations that are filled then. */
  readonly rows: number;
  readonly cost: number;
}

function expertStage(
  { conditions, samples, expertNoise }: Gps,
  { targets }: Lesson,
  phase: string,
  { rows, cost }: Round,
): CollectStage {
  return {
    kind: "collect",
    phase,
    cost,
    async collect({ seed, team, demonstrations, policy, ...watch }) {
      const numbers = Array.from({ length: conditions * samples }, (_, i) => i);
      const options = { seed: seed + TRAINING_SEED, targets, expert: true, noise: expertNoise };
      const outcomes = await team.episodes(policy(), numbers, options, { record: true, ...watch });
      standardise(demonstrations, rows);
      return { rows, figures: figuresOf(phase, "expert", outcomes) };
    },
  };
}

function searchStage(
  { conditions, samples, torqueNoise, startNoise, probe, dynamics, widest, bound }: Gps,
  { targets }: Lesson,
  phase: string,
  { round, rows, cost }: Round & { readonly round: number },
): CollectStage {
  return {
    kind: "collect",
    phase,
    cost,
    async collect({ seed, team, iterations, policy, ...watch }) {
      const last = iterations[iterations.length - 1]!.conditions;
      const items = Array.from({ length: conditions }, (_, place) => {
        const episode = round * conditions + place;
        return { episode, place, before: last && { ...last[place]!, episode: episode - conditions } };
      });
      const options = { seed: seed + TRAINING_SEED, samples, torqueNoise, startNoise, probe, dynamics, widest, bound };
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
