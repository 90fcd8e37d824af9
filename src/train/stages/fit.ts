import { z } from "zod";
import { input, mean, square, sub } from "../../graph/build.js";
import type { EndToEnd, NetworkSpec, Recipe } from "../../sim/tasks/lesson.js";
import { type Sampling, sample } from "../episodes/demonstrations.js";
import type { IterationFigures } from "../episodes/outcome.js";
import { headInputs, layers, seenLength } from "../network/network.js";
import type { Layout } from "../network/parameters.js";
import { type StepModel, stepModel } from "../network/step-model.js";
import type { FitStage, Stage } from "../team/stage.js";
import { floats, type Request, type WorkerContext } from "../team/work.js";
import { lookStage, lookWork } from "./look.js";
import { stepSource } from "./step-source.js";
import { WHOLE, type WholeRequest } from "./whole.js";

/** Settings of the fits of the fully connected layers to labelled ticks, round after round. */
export const FIT_SETTINGS = {
  batch: z.number(),
  steps: z.number(),
  /** Steps of the last round. */
  finalSteps: z.number(),
  rate: z.number(),
  /** Feature noise, standard deviations: before the last fit, and in it. */
  noise: z.tuple([z.number(), z.number()]),
  /** See `Sampling.stale`. */
  stale: z.number(),
};

type FitSettings = z.infer<z.ZodObject<typeof FIT_SETTINGS>>;

interface FitRequest extends Request {
  readonly fit: number;
  readonly step: number;
  readonly sampling: Sampling;
}

/** Name of a fit's step in requests. */
const KIND = "head";
/** Cost of a step relative to a step of the pose warm-up. */
const COST = 0.01;
/** The last fit's learning rate relative to the others'. */
const FINAL_RATE = 0.7;

/** One round's fit. */
export interface FitRound extends Pick<Sampling, "from" | "rows"> {
  readonly phase: string;
  /** Counts from 0. */
  readonly round: number;
  readonly final: boolean;
}

/** A round's fit of the fully connected layers, or of all layers where the recipe says so, and then of these again. */
export function fitStages(recipe: Recipe, settings: FitSettings, round: FitRound): Stage[] {
  const { endToEnd, spec, episodes } = recipe;
  if (!endToEnd || round.round < endToEnd.from) return [headStage(spec, settings, round)];
  const whole = wholeStage(endToEnd, round);
  const { from = 0, rows } = round;
  const phase = `${round.phase}, fully connected layers`;
  const { refit } = endToEnd;
  if (!refit) return [whole];
  return [
    whole,
    lookStage(phase, episodes, from, rows),
    headStage(spec, { ...settings, ...refit }, { ...round, phase }),
  ];
}

function wholeStage({ steps, finalSteps, rate }: EndToEnd, round: FitRound): FitStage {
  const { phase, final, from = 0, rows } = round;
  const count = final ? finalSteps : steps;
  const rest = { kind: WHOLE, fit: round.round, from, rows } as const;
  return {
    kind: "fit",
    phase,
    cost: count,
    group: "whole",
    steps: count,
    rate,
    request: (step): WholeRequest => ({ ...rest, step }),
    note: lastIteration,
  };
}

function headStage(spec: NetworkSpec, settings: FitSettings, { phase, round, final, ...rows }: FitRound): FitStage {
  const steps = final ? settings.finalSteps : settings.steps;
  const sampling: Sampling = {
    ...rows,
    points: seenLength(spec),
    noise: settings.noise[final ? 1 : 0],
    stale: settings.stale,
  };
  return {
    kind: "fit",
    phase,
    cost: steps * COST,
    group: "head",
    steps,
    rate: final ? settings.rate * FINAL_RATE : settings.rate,
    request: (step): FitRequest => ({ kind: KIND, fit: round, step, sampling }),
    note: lastIteration,
  };
}

function lastIteration(_scalars: readonly number[], iterations: readonly IterationFigures[]): string {
  const { actor, successes, episodes } = iterations[iterations.length - 1]!;
  return `${actor}: ${successes}/${episodes} succeeded`;
}

/** Mean squared error of the torques. Batch: `x` [B, 2C + n], standardised; `torque` [B, J], as parts of the limits. */
export function fitStep(spec: NetworkSpec, layout: Layout, batch: number): StepModel {
  const x = input("x", "float32", [batch, headInputs(spec)]);
  const torque = input("torque", "float32", [batch, spec.torques]);
  const parameters = layout.inputs("head");
  const loss = mean(square(sub(layers(parameters, x), torque)));
  return stepModel(layout, "head", batch, parameters, [x, torque], { loss });
}

/** A step of a fit on randomly drawn rows of the demonstrations. */
export const fitWork = {
  ...lookWork,
  [KIND]: (worker: WorkerContext) => {
    const { seed, worker: index, demonstrations } = worker.setup;
    const batch = worker.batch("head");
    const x = floats(batch, demonstrations.width);
    const torque = floats(batch, demonstrations.torques);
    return {
      async answer({ fit, step, sampling }: FitRequest) {
        sample(demonstrations, sampling, stepSource(seed, 1 + fit, step, index), x.data, torque.data);
        return [await worker.step("head", { x, torque })];
      },
    };
  },
};
