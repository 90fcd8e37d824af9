import { standardise } from "./demonstrations.js";
import type { Lesson } from "./lessons.js";
import { headInputs } from "./network.js";
import { type ConditionFigures, figuresOf } from "./outcome.js";
import type { Gps, Groundwork } from "./recipe.js";
import { type Stage, TRAINING_SEED } from "./stage.js";

/** Cost of an episode, and of looking around it, pose steps. */
const EPISODE = 0.5;
const SURROUNDINGS = 15;

/**
 * Mirror descent guided policy search (Montgomery & Levine 2016). First the expert's own episodes: the local
 * controllers to begin with. Then in every iteration, from new starts, controllers within a bound of the policy
 * (`improve`), and a fit of the fully connected layers to what they do where the policy came to.
 * @param ticks of an episode
 */
export function gpsStages(recipe: Groundwork & { readonly gps: Gps }, lesson: Lesson, ticks: number): Stage[] {
  const { gps, spec } = recipe;
  const { conditions, samples, iterations, window, torqueNoise, startNoise, probe, widest, bound } = gps;
  const episodes = conditions * samples;
  return Array.from({ length: iterations + 1 }, (_, iteration): Stage[] => {
    const phase = `guided policy search ${iteration}/${iterations}`;
    const final = iteration === iterations;
    const rows = (iteration + 1) * episodes * ticks;
    const sampling = {
      from: Math.max(0, iteration + 1 - window) * episodes * ticks,
      rows,
      points: headInputs(spec) - spec.configuration,
      noise: gps.noise[final ? 1 : 0],
      stale: gps.stale,
    };
    return [
      {
        kind: "collect",
        phase,
        cost: iteration === 0 ? EPISODE * episodes : (EPISODE * samples + SURROUNDINGS) * conditions,
        async collect({ seed, team, demonstrations, iterations: before, policy, signal }) {
          const from = seed + TRAINING_SEED;
          if (iteration === 0) {
            const numbers = Array.from({ length: episodes }, (_, i) => i);
            const options = { seed: from, targets: lesson.targets, expert: true, noise: torqueNoise };
            const outcomes = await team.episodes(policy(), numbers, options, { record: true, signal });
            standardise(demonstrations, rows);
            return { rows, figures: figuresOf(phase, "expert", outcomes) };
          }
          const last = before[before.length - 1]!.conditions;
          const items = Array.from({ length: conditions }, (_, place) => {
            const episode = iteration * conditions + place;
            return { episode, place, before: last && { ...last[place]!, episode: episode - conditions } };
          });
          const options = { seed: from, samples, torqueNoise, startNoise, probe, widest, bound };
          const found = await team.conditions(
            policy(),
            items,
            { targets: lesson.targets, options, record: iteration * episodes },
            signal,
          );
          return { rows, figures: { ...figuresOf(phase, "policy", found), conditions: found } };
        },
      },
      {
        kind: "fit",
        phase,
        group: "head",
        steps: final ? gps.finalSteps : gps.steps,
        rate: final ? gps.rate * 0.7 : gps.rate,
        request: (step) => ({ kind: "head", fit: iteration, step, sampling }),
      },
    ];
  }).flat();
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
