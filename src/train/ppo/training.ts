import { random } from "../../sim/random.js";
import { WorldBatch } from "../../sim/worlds/batch.js";
import type { WorldFacts } from "../../sim/worlds/world.js";
import { DivergenceError } from "../history/history.js";
import { Adam, type AdamState, clipFactor, gradientNorm } from "../network/adam.js";
import { DEVIATION, FIRST_DEVIATION } from "../network/deviation.js";
import { type Layout, sharedFloats } from "../network/parameters.js";
import { Team } from "../team/team.js";
import { estimateAdvantages, normalise } from "./advantages.js";
import type { Standardisation } from "./arm-network.js";
import { noteOn, type StepFigures, stepFigures } from "./figures.js";
import { PpoHistory, type PpoHistoryState } from "./history.js";
import { actingModel } from "./policy-model.js";
import type { ArmPpoRecipe, PpoRecipe } from "./recipe.js";
import { allocateRollout, allocateStanding, type Rollout, type Standing } from "./rollout.js";
import { deviationBound, linear, rateAt } from "./settings.js";
import { prepared } from "./standardisation.js";
import { ppoStep } from "./step.js";
import { subjectOf } from "./subject.js";
import type { ActorSetup, CollectRequest, LearnRequest } from "./work.js";

/** Everything that the rest of a training by reward depends on. */
export interface PpoCheckpoint {
  /** The next rollout. */
  readonly iteration: number;
  readonly parameters: Float32Array;
  readonly adam: AdamState;
  readonly standing: Standing;
  readonly history: PpoHistoryState;
}

/** Progress of a training by reward. */
export interface PpoProgress {
  /** Environment steps, and those of the whole training. */
  readonly done: number;
  readonly total: number;
  readonly loss: number;
  /** A few words on the newest episodes. */
  readonly note: string;
}

export interface PpoOptions {
  readonly seed: number;
  /** Name of the world, or of the arm's task. */
  readonly world: string;
  readonly recipe: PpoRecipe | ArmPpoRecipe;
  readonly progress?: ((progress: PpoProgress) => void) | undefined;
  /** Ends the training between two steps of the optimiser, with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Checkpoint of an earlier training with the same options. */
  readonly resume?: PpoCheckpoint | undefined;
  /** Called between rollouts, at intervals and at the end; never with parameters that are not finite. */
  readonly keep?: ((checkpoint: PpoCheckpoint) => Promise<void>) | undefined;
  /** Seconds between two checkpoints, default 20. */
  readonly keepEvery?: number;
}

/** ε of the optimiser, as Stable-Baselines3 has it. */
const EPSILON = 1e-5;

/** Seeds of the network's first parameters, of the minibatches, and of the episodes that tell how its inputs vary. */
const [PARAMETERS, ORDER, INPUTS] = [1_000_001, 1_000_002, 1_000_005];

/** Environment steps of a rollout. */
export const rolloutSize = ({ ppo: { worlds, rolloutSteps } }: Pick<PpoRecipe, "ppo">): number => worlds * rolloutSteps;

/** Rollouts of a training: as many as its steps need. */
export const rolloutsOf = (recipe: Pick<PpoRecipe, "ppo">): number =>
  Math.ceil((recipe.ppo.endSteps ?? recipe.ppo.totalSteps) / rolloutSize(recipe));

/** Rollouts over which rates, ranges and costs change. */
const scheduledOf = (recipe: Pick<PpoRecipe, "ppo">): number => Math.ceil(recipe.ppo.totalSteps / rolloutSize(recipe));

/** The parameters that learn: in the control the convolutions stay random. */
const learnedBy = ({ vision }: Pick<PpoRecipe, "vision">) => (vision ? "whole" : "head");

/** A policy in training by proximal policy optimisation. `close` ends its threads. */
export class PpoTraining {
  readonly history: PpoHistory;
  readonly #options: PpoOptions;
  readonly #adam: Adam;
  #iteration: number;
  #kept = performance.now();

  private constructor(
    options: PpoOptions,
    readonly facts: WorldFacts,
    readonly layout: Layout,
    readonly parameters: Float32Array,
    /** Of the inputs of an arm's hidden layers. */
    readonly standardisation: Standardisation | undefined,
    private readonly rollout: Rollout,
    private readonly standing: Standing,
    private readonly team: Team,
  ) {
    this.#options = options;
    const { resume, recipe } = options;
    this.history = new PpoHistory(resume?.history);
    this.#iteration = resume?.iteration ?? 0;
    this.#adam = new Adam(...layout.range(learnedBy(recipe)), 0.9, 0.999, EPSILON);
    if (resume) this.#adam.state = resume.adam;
  }

  static async start(options: PpoOptions): Promise<PpoTraining> {
    const { seed, world, recipe, resume } = options;
    const { workers, ppo } = recipe;
    const subject = await subjectOf(world, recipe);
    const { entry } = subject;
    const { layout } = subject.network;
    const parameters = sharedFloats(layout.size);
    subject.network.initialise(parameters, random(seed, PARAMETERS));
    const inputs = random(seed, INPUTS).integer(2 ** 31);
    const { network, standardisation } = await prepared(subject, recipe, parameters, inputs);
    const rollout = allocateRollout(ppo, network);
    const one = (await WorldBatch.load(entry, { count: 1, seed, frames: recipe.frames })).save();
    const standing = allocateStanding(ppo.worlds, one.worlds[0]!.length, rollout.pixels);
    if (resume) {
      parameters.set(resume.parameters);
      for (const name of ["states", "episodes", "observations"] as const) standing[name].set(resume.standing[name]);
    }
    const script = new URL("./worker.js", import.meta.url);
    const team = await Team.start<ActorSetup>(script, layout, workers, {
      seed,
      world,
      recipe,
      parameters,
      rollout,
      standing,
      acting: actingModel(network, ppo.worlds / workers),
      step: ppoStep(network, rolloutSize(recipe) / ppo.minibatches / workers, ppo, learnedBy(recipe)),
      resumed: resume !== undefined,
    });
    return new PpoTraining(options, entry.facts, layout, parameters, standardisation, rollout, standing, team);
  }

  /** Environment steps so far. */
  get steps(): number {
    return this.#iteration * rolloutSize(this.#options.recipe);
  }

  /**
   * Runs the remaining rollouts.
   * @throws DivergenceError where the loss or its gradient is not finite
   */
  async train(): Promise<void> {
    const { recipe, signal, keepEvery = 20 } = this.#options;
    const iterations = rolloutsOf(recipe);
    while (this.#iteration < iterations) {
      signal?.throwIfAborted();
      await this.#collect();
      const loss = await this.#learn();
      this.history.rollout(this.#iteration, iterations, this.steps + rolloutSize(recipe));
      this.#iteration++;
      this.#boundDeviations();
      this.#report(loss);
      const due = performance.now() - this.#kept > 1000 * keepEvery;
      if (due || this.#iteration === iterations) await this.#keep();
    }
  }

  close(): Promise<void> {
    return this.team.close();
  }

  /** Fills the rollout. */
  async #collect(): Promise<void> {
    const { recipe } = this.#options;
    const { failureCost = 0 } = recipe.ppo;
    const done = this.#iteration / scheduledOf(recipe);
    const request: CollectRequest = { kind: "collect", iteration: this.#iteration, failureCost: failureCost * done };
    for (const [sum, length, success] of (await this.team.ask(() => request)).flat()) {
      this.history.add({ return: sum!, length: length!, success: success! });
    }
    const { rollout } = this;
    estimateAdvantages(rollout, recipe.ppo, rollout.advantages, rollout.returns);
  }

  /** Cuts deviations of actions to what the recipe allows by now. */
  #boundDeviations(): void {
    if (!this.layout.slots.has(DEVIATION)) return;
    const { recipe } = this.#options;
    const bound = deviationBound(recipe.ppo, FIRST_DEVIATION, this.#iteration / scheduledOf(recipe));
    const deviations = this.layout.view(this.parameters, DEVIATION);
    for (let i = 0; i < deviations.length; i++) deviations[i] = Math.min(deviations[i]!, bound);
  }

  /** Learns from the rollout; the mean loss. */
  async #learn(): Promise<number> {
    const { seed, signal, recipe } = this.#options;
    const { epochs, minibatches, clip, clipEnd, gradientNorm: most } = recipe.ppo;
    const { order, advantages, normalised } = this.rollout;
    const iterations = scheduledOf(recipe);
    const rate = rateAt(recipe.ppo, this.#iteration, iterations, rolloutSize(recipe));
    const range = linear(clip, clipEnd, this.#iteration / iterations);
    const size = order.length / minibatches;
    let sum = 0;
    for (let epoch = 0; epoch < epochs; epoch++) {
      shuffle(order, random(seed, ORDER, this.#iteration, epoch));
      for (let from = 0; from < order.length; from += size) {
        signal?.throwIfAborted();
        normalise(advantages, order.subarray(from, from + size), normalised);
        const request: LearnRequest = { kind: "learn", from, clip: range };
        const figures = this.#figures((await this.team.ask(() => request)).map(([scalars]) => scalars!));
        this.history.add(figures);
        this.#adam.step(this.parameters, this.team.gradients, rate, clipFactor(figures.norm, most));
        sum += figures.loss;
      }
    }
    return sum / (epochs * minibatches);
  }

  #figures(scalars: readonly (readonly number[])[]): StepFigures {
    const norm = gradientNorm(this.team.gradients, this.#adam.from, this.#adam.to);
    return stepFigures(scalars, norm, `ppo diverged after ${this.steps.toLocaleString("en")} steps`);
  }

  #report(loss: number): void {
    const total = rolloutsOf(this.#options.recipe) * rolloutSize(this.#options.recipe);
    this.#options.progress?.({ done: this.steps, total, loss, note: noteOn(this.history) });
  }

  async #keep(): Promise<void> {
    const { keep } = this.#options;
    if (keep === undefined) return;
    if (!this.parameters.every(Number.isFinite)) throw new DivergenceError("the parameters are not finite");
    const { states, episodes, observations } = this.standing;
    await keep({
      iteration: this.#iteration,
      parameters: this.parameters.slice(),
      adam: this.#adam.state,
      standing: { states: states.slice(), episodes: episodes.slice(), observations: observations.slice() },
      history: this.history.state,
    });
    this.#kept = performance.now();
  }
}

/** All sample numbers in a random order (Fisher and Yates). */
function shuffle(order: Int32Array, source: ReturnType<typeof random>): void {
  for (let i = 0; i < order.length; i++) order[i] = i;
  for (let i = order.length - 1; i > 0; i--) {
    const other = source.integer(i + 1);
    const held = order[i]!;
    order[i] = order[other]!;
    order[other] = held;
  }
}
