import { random } from "../../sim/random.js";
import type { WorldFacts } from "../../sim/worlds/world.js";
import { worldNamed } from "../../sim/worlds/worlds.js";
import { DivergenceError } from "../history/history.js";
import { Adam, type AdamState, clipFactor, cosineRate, gradientNorm } from "../network/adam.js";
import { type Layout, sharedFloats } from "../network/parameters.js";
import { PpoHistory, type PpoHistoryState } from "../ppo/history.js";
import type { PpoProgress } from "../ppo/training.js";
import { Team } from "../team/team.js";
import type { Deeds } from "./episodes.js";
import { initialiseListening, listeningLayout } from "./layout.js";
import { batchOf, expertPart, type ListeningRecipe, listeningSpec, stepsOf } from "./recipe.js";
import type { ListeningSpec } from "./spec.js";
import { actingModel, imitationStep, visionConstants, visionStep } from "./step.js";
import { ABREAST, type LearnRequest, type ListeningSetup, type PlayRequest, type SeeRequest } from "./work.js";

/** Everything that the rest of a training on an expert's answers depends on. */
export interface ListeningCheckpoint {
  /** The next round; the convolutions are fitted before the first. */
  readonly round: number;
  readonly parameters: Float32Array;
  readonly adam: AdamState;
  /** Episodes of each worker so far, in order. */
  readonly deeds: readonly (readonly Deeds[])[];
  readonly history: PpoHistoryState;
}

export interface ListeningOptions {
  readonly seed: number;
  readonly world: string;
  readonly recipe: ListeningRecipe;
  readonly progress?: ((progress: PpoProgress) => void) | undefined;
  /** Ends the training between two steps of the optimiser, with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Checkpoint of an earlier training with the same options. */
  readonly resume?: ListeningCheckpoint | undefined;
  /** Called after the convolutions' fit and after each round; never with parameters that are not finite. */
  readonly keep?: ((checkpoint: ListeningCheckpoint) => Promise<void>) | undefined;
}

/** Seed of the network's first parameters. */
const PARAMETERS = 1_000_001;
const SCRIPT = new URL("./worker.js", import.meta.url);

/**
 * A policy in training on an expert's answers: the convolutions learn to tell what there is to see and then stay as they
 * are, the rest learns in rounds. `close` ends its threads.
 */
export class ListeningTraining {
  readonly history: PpoHistory;
  readonly #options: ListeningOptions;
  readonly #adam: Adam;
  readonly #deeds: Deeds[][];
  #round: number;
  #team: Team | undefined;

  private constructor(
    options: ListeningOptions,
    readonly facts: WorldFacts,
    readonly spec: ListeningSpec,
    readonly layout: Layout,
    readonly parameters: Float32Array,
  ) {
    this.#options = options;
    const { resume, recipe } = options;
    this.history = new PpoHistory(resume?.history);
    this.#round = resume?.round ?? -1;
    this.#deeds = Array.from({ length: recipe.workers }, (_, i) => [...(resume?.deeds[i] ?? [])]);
    this.#adam = new Adam(...layout.range("head"));
    if (resume) this.#adam.state = resume.adam;
  }

  static async start(options: ListeningOptions): Promise<ListeningTraining> {
    const { facts } = worldNamed(options.world);
    const spec = listeningSpec(facts, options.recipe.network);
    const layout = listeningLayout(spec);
    const parameters = sharedFloats(layout.size);
    if (options.resume) parameters.set(options.resume.parameters);
    else initialiseListening(spec, layout, parameters, random(options.seed, PARAMETERS));
    return new ListeningTraining(options, facts, spec, layout, parameters);
  }

  /** Steps of the optimiser so far. */
  get steps(): number {
    const { vision, seeing, rounds } = this.#options.recipe;
    if (this.#round < 0) return 0;
    return (vision ? seeing.steps : 0) + this.#round * rounds.steps;
  }

  /**
   * Runs what remains.
   * @throws DivergenceError where the loss or its gradient is not finite
   */
  async train(): Promise<void> {
    const { recipe } = this.#options;
    if (this.#round < 0) {
      if (recipe.vision) await this.#see();
      this.#round = 0;
      await this.#keep();
    }
    if (this.#round === recipe.rounds.count) return;
    await this.#start(this.#acting());
    while (this.#round < recipe.rounds.count) {
      await this.#play(this.#round);
      await this.#learn(this.#round);
      await this.#judge(this.#round);
      this.history.rollout(this.#round, recipe.rounds.count, this.steps + recipe.rounds.steps);
      this.#round++;
      await this.#keep();
    }
  }

  close(): Promise<void> {
    return this.#team?.close() ?? Promise.resolve();
  }

  async #start(stage: ListeningSetup["stage"]): Promise<void> {
    const { seed, world, recipe } = this.#options;
    const { layout, parameters } = this;
    this.#team = await Team.start<ListeningSetup>(SCRIPT, layout, recipe.workers, {
      seed,
      world,
      recipe,
      stage,
      parameters,
    });
  }

  /** Fits the convolutions. */
  async #see(): Promise<void> {
    const { recipe, signal } = this.#options;
    const { seeing } = recipe;
    await this.#start({ kind: "seeing", step: visionStep(this.spec, this.layout, seeing.batch) });
    await this.#team!.fit({
      group: "vision",
      steps: seeing.steps,
      rate: seeing.rate,
      request: (step) => ({ kind: "see", step }) satisfies SeeRequest,
      watch: (step, [loss]) => {
        if (!Number.isFinite(loss)) throw new DivergenceError(`the convolutions' fit diverged at step ${step + 1}`);
        this.#report(step + 1, loss!, "convolutions");
      },
      signal,
    });
    await this.#team!.close();
  }

  #acting(): ListeningSetup["stage"] {
    const { recipe } = this.#options;
    const { spec, layout, parameters } = this;
    const seen = visionConstants(layout, parameters);
    return {
      kind: "acting",
      steps: recipe.lengths.map((length) => imitationStep(spec, layout, seen, length, batchOf(recipe, length))),
      model: actingModel(spec, layout, seen, ABREAST),
      deeds: this.#deeds,
    };
  }

  /** Collects a round's episodes. */
  async #play(round: number): Promise<void> {
    const { recipe } = this.#options;
    const { first, episodes, count } = recipe.rounds;
    const from = round === 0 ? 0 : first + (round - 1) * episodes;
    const share = this.#shares(round === 0 ? first : episodes);
    const expert = count === 0 ? 1 : expertPart(recipe, round);
    const answers = await this.#team!.ask(
      (worker) =>
        ({
          kind: "play",
          episodes: share[worker]!.map((i) => from + i),
          expert,
          judged: false,
        }) satisfies PlayRequest,
    );
    answers.forEach((rows, worker) => {
      rows.forEach((row, k) => {
        const told = row.slice(3);
        this.#deeds[worker]!.push({
          episode: from + share[worker]![k]!,
          actions: told.filter((_, i) => i % 2 === 0),
          cells: told.filter((_, i) => i % 2 === 1),
        });
      });
    });
  }

  /** Numbers from 0 on, every n-th to each worker. */
  #shares(count: number): number[][] {
    const { workers } = this.#options.recipe;
    const all = Array.from({ length: count }, (_, i) => i);
    return Array.from({ length: workers }, (_, worker) => all.filter((i) => i % workers === worker));
  }

  async #learn(round: number): Promise<void> {
    const { recipe, signal } = this.#options;
    const { steps, count } = recipe.rounds;
    for (let i = 0; i < steps; i++) {
      signal?.throwIfAborted();
      const step = round * steps + i;
      const scalars = (await this.#team!.ask(() => ({ kind: "learn", step }) satisfies LearnRequest)).map(
        ([row]) => row!,
      );
      const mean = (k: number): number => scalars.reduce((sum, row) => sum + row[k]!, 0) / scalars.length;
      const [loss, , mask, right] = [0, 1, 2, 3].map(mean) as [number, number, number, number];
      const { gradients } = this.#team!;
      const norm = gradientNorm(gradients, ...this.layout.range("head"));
      if (!Number.isFinite(loss) || !Number.isFinite(norm))
        throw new DivergenceError(`imitation diverged after ${this.steps + i} steps: the loss is ${loss}`);
      const rate = cosineRate(step, count * steps, recipe.rate);
      this.#adam.step(this.parameters, gradients, rate, clipFactor(norm, recipe.gradientNorm));
      this.history.add({ loss, norm, right, mask });
      const success = this.history.newest("success");
      const how = success === null ? "" : `, success ${(100 * success).toFixed(0)} %`;
      this.#report(this.steps + i + 1, loss, `round ${round + 1}, right ${(100 * right).toFixed(0)} %${how}`);
    }
  }

  /** Plays a few episodes without the expert. */
  async #judge(round: number): Promise<void> {
    const { judged } = this.#options.recipe.rounds;
    const share = this.#shares(judged);
    const request = (worker: number): PlayRequest => ({
      kind: "play",
      episodes: share[worker]!.map((i) => round * judged + i),
      expert: 0,
      judged: true,
    });
    for (const rows of await this.#team!.ask(request))
      for (const [success, sum, length] of rows) this.history.add({ success: success!, return: sum!, length: length! });
  }

  #report(done: number, loss: number, note: string): void {
    this.#options.progress?.({ done, total: stepsOf(this.#options.recipe), loss, note });
  }

  async #keep(): Promise<void> {
    const { keep } = this.#options;
    if (keep === undefined) return;
    if (!this.parameters.every(Number.isFinite)) throw new DivergenceError("the parameters are not finite");
    await keep({
      round: this.#round,
      parameters: this.parameters.slice(),
      adam: this.#adam.state,
      deeds: this.#deeds.map((deeds) => [...deeds]),
      history: this.history.state,
    });
  }
}
