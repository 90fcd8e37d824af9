import { standardise } from "../demonstrations.js";
import type { Lesson } from "../lessons.js";
import { headInputs } from "../network.js";
import { figuresOf } from "../outcome.js";
import type { Groundwork, Imitation } from "../recipe.js";
import { type Stage, TRAINING_SEED } from "../stage.js";

/** Cost of an episode, pose steps. */
const EPISODE = 0.5;

/**
 * Imitation of the expert by the fully connected layers, on the expert's and then on the policy's own episodes
 * (DAgger: Ross, Gordon & Bagnell 2011); every fit is to all rounds so far, the last one is long.
 * @param ticks of an episode
 */
export function imitationStages(
  recipe: Groundwork & { readonly imitation: Imitation },
  lesson: Lesson,
  ticks: number,
): Stage[] {
  const { imitation, spec } = recipe;
  const { episodes, rounds } = imitation;
  return Array.from({ length: rounds + 1 }, (_, round): Stage[] => {
    const numbers = Array.from({ length: episodes }, (_, i) => round * episodes + i);
    const [expertNoise, policyNoise] = imitation.torqueNoise;
    const noise = round === 0 ? expertNoise : round % 2 === 1 ? policyNoise : 0;
    const expert = round === 0;
    const final = round === rounds;
    const rows = (round + 1) * episodes * ticks;
    const sampling = {
      rows,
      points: headInputs(spec) - spec.configuration,
      noise: imitation.noise[final ? 1 : 0],
      stale: imitation.stale,
    };
    const phase = `imitation ${round}/${rounds}`;
    return [
      {
        kind: "collect",
        phase,
        cost: EPISODE * episodes,
        async collect({ seed, team, demonstrations, policy, ...watch }) {
          const options = { seed: seed + TRAINING_SEED, targets: lesson.targets, expert, noise };
          const outcomes = await team.episodes(policy(), numbers, options, { record: true, ...watch });
          if (expert) standardise(demonstrations, rows);
          return { rows, figures: figuresOf(phase, expert ? "expert" : "policy", outcomes) };
        },
      },
      {
        kind: "fit",
        phase,
        group: "head",
        steps: final ? imitation.finalSteps : imitation.steps,
        rate: final ? imitation.rate * 0.7 : imitation.rate,
        request: (step) => ({ kind: "head", fit: round, step, sampling }),
      },
    ];
  }).flat();
}
