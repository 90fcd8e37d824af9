import { z } from "zod";
import type { Recipe } from "../../sim/tasks/lesson.js";
import type { EpisodeKind } from "../../sim/tasks/task.js";
import { withPolicy } from "../episodes/act.js";
import { recordTick, standardise } from "../episodes/demonstrations.js";
import type { Tick } from "../episodes/episodes.js";
import { figuresOf } from "../episodes/outcome.js";
import { episodesWork, TRAINING_SEED, teamEpisodes } from "../stages/collect.js";
import { FIT_SETTINGS, fitStages, fitStep, fitWork } from "../stages/fit.js";
import type { CollectStage, Stage } from "../team/stage.js";
import type { Request, WorkerContext } from "../team/work.js";
import type { Algorithm, Schedule } from "./algorithm.js";
import { conditionsOf, searchPanels } from "./search/figures.js";
import { type Condition, type ConditionFigures, improve, type MirrorDescentOptions } from "./search/mirror-descent.js";

const PAIR = z.tuple([z.number(), z.number()]);

const SETTINGS = z.strictObject({
  ...FIT_SETTINGS,
  /** Noise on the expert's torques in its round, as parts of the limits: its answers to the noise teach the gains. */
  expertNoise: z.number(),
  iterations: z.number(),
  /** Starts of an iteration, each with controllers of its own. */
  conditions: z.number(),
  /** Episodes a condition and iteration to learn from. */
  samples: z.number(),
  /** Number of newest rounds that a fit learns from. */
  window: z.number(),
  /** First bound of the controllers' divergence from the policy, nats a control step. */
  bound: z.number(),
  /** See `LocalProblemOptions`. */
  torqueNoise: z.number(),
  startNoise: z.number(),
  probe: PAIR,
  dynamics: z.enum(["derivatives", "differences"]),
  widest: PAIR,
});

export type GpsSettings = z.infer<typeof SETTINGS>;

/** Cost of one inference of the policy, in steps of the pose warm-up; collecting costs little else. */
const ACTION = 0.005;

/**
 * Mirror descent guided policy search (Montgomery & Levine 2016). First the expert's own episodes, with noise. Then in
 * every iteration, from new starts, controllers within a bound of the policy (`improve`), and a fit of the fully
 * connected layers to the controllers' torques along the policy's own episodes.
 */
export const GPS: Algorithm = {
  work: { ...episodesWork, ...fitWork, conditions: conditionsWork },
  panels: searchPanels,

  schedule(recipe: Recipe, ticks: number): Schedule {
    const { spec, episodes: kind } = recipe;
    const settings = SETTINGS.parse(recipe.gps);
    const { batch, iterations, conditions, samples, window } = settings;
    const episodes = conditions * samples;
    // Inferences a tick: the run, the previous start's run, the samples, and two positions and velocities of every joint.
    const inferences = 2 + samples + 4 * spec.torques;
    const stages = Array.from({ length: iterations + 1 }, (_, round): Stage[] => {
      const phase = `guided policy search ${round}/${iterations}`;
      const rows = (round + 1) * episodes * ticks;
      const common = { kind, phase, rows };
      return [
        round === 0
          ? expertStage(settings, { ...common, cost: ACTION * ticks * episodes })
          : searchStage(settings, { ...common, cost: ACTION * ticks * conditions * inferences }, round),
        ...fitStages(recipe, settings, {
          phase,
          round,
          final: round === iterations,
          from: Math.max(0, round + 1 - window) * episodes * ticks,
          rows,
        }),
      ];
    });
    return {
      stages: stages.flat(),
      episodes: (1 + iterations) * episodes,
      step: (layout) => fitStep(spec, layout, batch),
    };
  },
};

interface Round {
  readonly kind: EpisodeKind;
  readonly phase: string;
  readonly cost: number;
  /** Filled rows of the demonstrations afterwards. */
  readonly rows: number;
}

function expertStage(
  { conditions, samples, expertNoise }: GpsSettings,
  { kind, phase, cost, rows }: Round,
): CollectStage {
  return {
    kind: "collect",
    phase,
    cost,
    async collect({ seed, team, demonstrations, policy, ...watch }) {
      const numbers = Array.from({ length: conditions * samples }, (_, i) => i);
      const options = { seed: seed + TRAINING_SEED, kind, expert: true, noise: expertNoise };
      const outcomes = await teamEpisodes(team, policy(), numbers, options, { record: true, ...watch });
      standardise(demonstrations, rows);
      return { rows, figures: figuresOf(phase, "expert", outcomes) };
    },
  };
}

function searchStage(
  { conditions, samples, torqueNoise, startNoise, probe, dynamics, widest, bound }: GpsSettings,
  { kind, phase, cost, rows }: Round,
  round: number,
): CollectStage {
  return {
    kind: "collect",
    phase,
    cost,
    async collect({ seed, team, iterations, policy, ...watch }) {
      const last = conditionsOf(iterations[iterations.length - 1]!);
      const items = Array.from({ length: conditions }, (_, place): Condition => {
        const episode = round * conditions + place;
        return { episode, place, before: last && { ...last[place]!, episode: episode - conditions } };
      });
      const options = { seed: seed + TRAINING_SEED, samples, torqueNoise, startNoise, probe, dynamics, widest, bound };
      const how = {
        kind: "conditions",
        policy: policy(),
        episodes: kind,
        options,
        record: round * conditions * samples,
      };
      const found = await team.spread(items, (part): ConditionsRequest => ({ ...how, items: part }), watch);
      const figures = found.map(fromRow);
      if (!figures.some(({ improved }) => improved)) throw new Error(TOO_UNSTABLE);
      return { rows, figures: { ...figuresOf(phase, "policy", figures), conditions: figures } };
    },
  };
}

const TOO_UNSTABLE =
  "the policy is too unstable to be improved on: from no start is there a controller within the bound of it; " +
  "expected one that longer fits before the search (steps), or fewer iterations, keep stable";

interface ConditionsRequest extends Request {
  readonly policy: Uint8Array;
  readonly items: readonly Condition[];
  readonly episodes: EpisodeKind;
  readonly options: MirrorDescentOptions;
  /** Number of the demonstrations' episode that receives the first sample of condition 0. */
  readonly record: number;
}

/** Improves on the policy in some conditions; a row of figures a condition. */
function conditionsWork(worker: WorkerContext) {
  return {
    async answer({ policy, items, episodes, options, record }: ConditionsRequest) {
      const task = await worker.task(episodes);
      return withPolicy(policy, async (act) => {
        const rows: number[][] = [];
        for (const condition of items) {
          const first = record + condition.place * options.samples;
          const write = (sample: number, tick: Omit<Tick, "episode">): void =>
            recordTick(worker.setup.demonstrations, task.torqueLimit, { ...tick, episode: first + sample });
          rows.push(toRow(await improve(task, act, condition, options, write)));
        }
        return rows;
      });
    },
  };
}

/** Columns of a condition's figures as a row of numbers. */
const COLUMNS = ["cost", "error", "success", "improved", "promise", "bound", "divergence"] as const;

const toRow = (figures: ConditionFigures): number[] => COLUMNS.map((name) => Number(figures[name]));

function fromRow(row: readonly number[]): ConditionFigures {
  const numbers = Object.fromEntries(COLUMNS.map((name, i) => [name, row[i]!])) as Record<
    (typeof COLUMNS)[number],
    number
  >;
  return { ...numbers, success: numbers.success === 1, improved: numbers.improved === 1 };
}
