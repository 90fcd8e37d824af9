import { random } from "../../sim/random.js";
import { WorldBatch } from "../../sim/worlds/batch.js";
import type { WorldFacts } from "../../sim/worlds/world.js";
import { worldNamed } from "../../sim/worlds/worlds.js";
import { DivergenceError } from "../history/history.js";
import { type AdamState, clipFactor, gradientNorm } from "../network/adam.js";
import { type Layout, sharedFloats } from "../network/parameters.js";
import { RmsProp } from "../network/rms-prop.js";
import { noteOn, stepFigures } from "../ppo/figures.js";
import { PpoHistory, type PpoHistoryState } from "../ppo/history.js";
import { linear } from "../ppo/settings.js";
import type { PpoProgress } from "../ppo/training.js";
import { Team } from "../team/team.js";
import { agentOf } from "./agents.js";
import { updateSize, updatesOf, type VtraceRecipe } from "./recipe.js";
import { type AgentStanding, allocateAgentStanding, copyOfStanding, setStanding } from "./standing.js";
import { actingModel, vtraceStep } from "./step.js";
import type { UpdateRequest, VtraceSetup } from "./work.js";

/** Everything that the rest of a training by V-trace depends on. */
export interface VtraceCheckpoint {
  /** The next update. */
  readonly iteration: number;
  readonly parameters: Float32Array;
  /** The parameters before the last updates, oldest first, at most `lag` of them: the oldest act next. */
  readonly before: readonly Float32Array[];
  readonly optimiser: AdamState;
  readonly standing: AgentStanding;
  readonly history: PpoHistoryState;
}

export interface VtraceOptions {
  readonly seed: number;
  readonly world: string;
  readonly recipe: VtraceRecipe;
  readonly progress?: ((progress: PpoProgress) => void) | undefined;
  /** Ends the training between two updates, with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Checkpoint of an earlier training with the same options. */
  readonly resume?: VtraceCheckpoint | undefined;
  /** Called between updates, at intervals and at the end; never with parameters that are not finite. */
  readonly keep?: ((checkpoint: VtraceCheckpoint) => Promise<void>) | undefined;
  /** Seconds between two checkpoints, default 20. */
  readonly keepEvery?: number;
}

/** Seed of the network's first parameters. */
const PARAMETERS = 1_000_001;

/** A policy in training by V-trace actor-critic. `close` ends its threads. */
export class VtraceTraining {
  readonly history: PpoHistory;
  readonly #options: VtraceOptions;
  readonly #optimiser: RmsProp;
  /** First parameter that learns. */
  readonly #from: number;
  #before: readonly Float32Array[];
  #iteration: number;
  #kept = performance.now();

  private constructor(
    options: VtraceOptions,
    readonly facts: WorldFacts,
    readonly layout: Layout,
    readonly parameters: Float32Array,
    private readonly acting: Float32Array,
    private readonly standing: AgentStanding,
    private readonly team: Team,
  ) {
    this.#options = options;
    const { resume, recipe } = options;
    const { decay, epsilon } = recipe.vtrace;
    this.history = new PpoHistory(resume?.history);
    this.#iteration = resume?.iteration ?? 0;
    this.#before = resume?.before ?? [];
    this.#optimiser = new RmsProp(layout.size, decay, epsilon);
    [this.#from] = layout.range(recipe.vision ? "whole" : "head");
    if (resume) this.#optimiser.state = resume.optimiser;
  }

  static async start(options: VtraceOptions): Promise<VtraceTraining> {
    const { seed, world, recipe, resume } = options;
    const { workers, vtrace } = recipe;
    const entry = worldNamed(world);
    const agent = agentOf(entry.facts, recipe);
    const { layout } = agent;
    const parameters = sharedFloats(layout.size);
    agent.initialise(parameters, random(seed, PARAMETERS));
    const one = (await WorldBatch.load(entry, { count: 1, seed, frames: recipe.frames })).save();
    const standing = allocateAgentStanding(vtrace.worlds, one.worlds[0]!.length, agent);
    if (resume) {
      parameters.set(resume.parameters);
      setStanding(standing, resume.standing);
    }
    const acting = sharedFloats(layout.size);
    const batch = vtrace.worlds / workers;
    const team = await Team.start<VtraceSetup>(new URL("./worker.js", import.meta.url), layout, workers, {
      seed,
      world,
      recipe,
      parameters,
      acting,
      standing,
      model: actingModel(agent, batch),
      step: vtraceStep(agent, batch, vtrace),
      resumed: resume !== undefined,
    });
    return new VtraceTraining(options, entry.facts, layout, parameters, acting, standing, team);
  }

  /** Environment steps so far. */
  get steps(): number {
    return this.#iteration * updateSize(this.#options.recipe);
  }

  /**
   * Runs the remaining updates.
   * @throws DivergenceError where the loss or its gradient is not finite
   */
  async train(): Promise<void> {
    const { recipe, signal, keepEvery = 20 } = this.#options;
    const updates = updatesOf(recipe);
    while (this.#iteration < updates) {
      signal?.throwIfAborted();
      const loss = await this.#update();
      this.history.rollout(this.#iteration, updates, this.steps + updateSize(recipe));
      this.#iteration++;
      this.#report(loss);
      const due = performance.now() - this.#kept > 1000 * keepEvery;
      if (due || this.#iteration === updates) await this.#keep();
    }
  }

  close(): Promise<void> {
    return this.team.close();
  }

  /** Trajectories by the older parameters, and one step of the newest ones; the loss. */
  async #update(): Promise<number> {
    const { recipe } = this.#options;
    const { rate, rateEnd, lag, gradientNorm: most } = recipe.vtrace;
    this.acting.set(this.#before[0] ?? this.parameters);
    const request: UpdateRequest = { kind: "update", iteration: this.#iteration };
    const answers = await this.team.ask(() => request);
    for (const [, ...ended] of answers)
      for (const [sum, length, success] of ended)
        this.history.add({ return: sum!, length: length!, success: success! });
    const { gradients } = this.team;
    // Each worker's gradient is a sum over its part of the batch.
    const norm = gradients.length * gradientNorm(gradients, this.#from, this.layout.size);
    const at = `vtrace diverged after ${this.steps.toLocaleString("en")} steps`;
    const figures = stepFigures(
      answers.map(([scalars]) => scalars!),
      norm,
      at,
    );
    this.history.add(figures);
    if (lag > 0) this.#before = [...this.#before, this.parameters.slice()].slice(-lag);
    const now = linear(rate, rateEnd, this.#iteration / updatesOf(recipe));
    const factor = gradients.length * clipFactor(norm, most);
    this.#optimiser.step(this.parameters, gradients, now, factor, this.#from);
    return figures.loss;
  }

  #report(loss: number): void {
    const { recipe, progress } = this.#options;
    const total = updatesOf(recipe) * updateSize(recipe);
    progress?.({ done: this.steps, total, loss, note: noteOn(this.history) });
  }

  async #keep(): Promise<void> {
    const { keep } = this.#options;
    if (keep === undefined) return;
    if (!this.parameters.every(Number.isFinite)) throw new DivergenceError("the parameters are not finite");
    await keep({
      iteration: this.#iteration,
      parameters: this.parameters.slice(),
      before: this.#before,
      optimiser: this.#optimiser.state,
      standing: copyOfStanding(this.standing),
      history: this.history.state,
    });
    this.#kept = performance.now();
  }
}
