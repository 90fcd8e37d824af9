import { z } from "zod";
import type { Recipe } from "../../sim/tasks/lesson.js";
import { standardise } from "../episodes/demonstrations.js";
import { figuresOf } from "../episodes/outcome.js";
import { episodesWork, TRAINING_SEED, teamEpisodes } from "../stages/collect.js";
import { FIT_SETTINGS, fitStages, fitStep, fitWork } from "../stages/fit.js";
import type { Stage } from "../team/stage.js";
import type { Algorithm, Schedule } from "./algorithm.js";

const SETTINGS = z.strictObject({
  ...FIT_SETTINGS,
  /** Rounds after the expert's own. */
  rounds: z.number(),
  /** Episodes of a round. */
  episodes: z.number(),
  /** Noise on the applied torque, as parts of the limits: in the expert's round, and in every second other one. */
  torqueNoise: z.tuple([z.number(), z.number()]),
  /** Part of the episodes whose goal moves. */
  moves: z.number(),
  /** Part of the episodes whose goal is that of a condition. */
  conditions: z.number().optional(),
});

export type ImitationSettings = z.infer<typeof SETTINGS>;

/** Cost of an episode, in steps of the pose warm-up. */
const EPISODE = 0.5;

/**
 * Imitation of the expert by the fully connected layers: one round of the expert's own episodes, then rounds of the
 * policy's, labelled by the expert (DAgger: Ross, Gordon & Bagnell 2011). Every fit is to all rounds so far, the last
 * one is long.
 */
export const IMITATION: Algorithm = {
  work: { ...episodesWork, ...fitWork },

  schedule(recipe: Recipe, ticks: number): Schedule {
    const { spec, episodes: kind } = recipe;
    const settings = SETTINGS.parse(recipe.imitation);
    const { batch, episodes, rounds, moves, conditions = 0 } = settings;
    const [expertNoise, policyNoise] = settings.torqueNoise;
    const stages = Array.from({ length: rounds + 1 }, (_, round): Stage[] => {
      const numbers = Array.from({ length: episodes }, (_, i) => round * episodes + i);
      const noise = round === 0 ? expertNoise : round % 2 === 1 ? policyNoise : 0;
      const expert = round === 0;
      const rows = (round + 1) * episodes * ticks;
      const phase = `imitation ${round}/${rounds}`;
      return [
        {
          kind: "collect",
          phase,
          cost: EPISODE * episodes,
          async collect({ seed, team, demonstrations, policy, ...watch }) {
            const options = { seed: seed + TRAINING_SEED, kind, expert, noise, moves, conditions };
            const outcomes = await teamEpisodes(team, policy(), numbers, options, { record: true, ...watch });
            if (expert) standardise(demonstrations, rows);
            return { rows, figures: figuresOf(phase, expert ? "expert" : "policy", outcomes) };
          },
        },
        ...fitStages(recipe, settings, { phase, round, final: round === rounds, rows }),
      ];
    });
    return {
      stages: stages.flat(),
      episodes: (1 + rounds) * episodes,
      step: (layout) => fitStep(spec, layout, batch),
    };
  },
};
