import { dirname } from "node:path";
import { InputError } from "../../errors.js";
import { readModel } from "../../graph/onnx-read.js";
import { type Policy, policyOf } from "../../policy/policy.js";
import { figuresOf } from "../episodes/outcome.js";
import { DivergenceError, History } from "../history/history.js";
import { Adam, cosineRate } from "../network/adam.js";
import { sharedFloats } from "../network/parameters.js";
import { RmsProp } from "../network/rms-prop.js";
import { stepSource } from "../stages/step-source.js";
import { Team } from "../team/team.js";
import { type Collected, collectStates, Teacher, type Teaching } from "./collect.js";
import { withoutConflict } from "./gradient-surgery.js";
import type { OutputKind } from "./losses.js";
import type { DistillationOptions, DistillationProgress, Earlier } from "./options.js";
import type { DistillationRecipe } from "./recipe.js";
import { masksOf } from "./saliency.js";
import { allocateStates, fill, filledOf, type States, writeState } from "./states.js";
import {
  ANSWERS,
  answeredColumns,
  answerModel,
  distanceStep,
  mappedColumns,
  outputKindOf,
  regulariserStep,
} from "./steps.js";
import { imagesOf, Student } from "./student.js";
import type { DistillationSetup, Objective, ObjectiveRequest } from "./work.js";

/** Keeps the episodes apart from those of the seeds that people test with. */
const EPISODES = 2_000_003;
/** Part of a step that a state without saliency takes. */
const PLAIN = 0.2;

const stepsOf = ({ steps, rounds }: DistillationRecipe, round: number): number =>
  Math.floor(((round + 1) * steps) / rounds) - Math.floor((round * steps) / rounds);

/** States of the student's own episodes that a round brings. */
const freshOf = ({ buffer, renewed }: DistillationRecipe): number => Math.ceil(buffer * renewed);

/**
 * Cost of a distillation, as `DistillationProgress` counts it.
 */
export function distillationCost(recipe: DistillationRecipe): number {
  const { buffer, maps, steps, rounds, regularised } = recipe;
  return (regularised ? maps : 0) + PLAIN * (buffer + (rounds - 1) * freshOf(recipe)) + steps;
}

/**
 * Distillation with selective input gradient regularisation (Xing et al. 2022, Eq. 5): a student with the teacher's
 * network learns its answers on the states of a buffer, and gradients that keep to where the teacher's saliency is high on
 * the states of an offline set. `close` ends its threads.
 */
export class Distillation {
  readonly history: History;
  readonly #optimiser: Adam | RmsProp;
  #round: number;
  #step: number;
  #kept = performance.now();
  readonly #filled: number[];
  #statesOf: number;

  private constructor(
    private readonly options: DistillationOptions,
    readonly student: Student,
    readonly parameters: Float32Array,
    private readonly teacher: Teacher,
    private readonly team: Team,
    private readonly states: Readonly<{ regulariser: States; distance: States }>,
    { student: resume, states: kept }: Earlier,
  ) {
    const { recipe } = options;
    const { size } = student;
    this.#optimiser = recipe.optimiser === "adam" ? new Adam(0, size) : new RmsProp(size);
    if (resume) this.#optimiser.state = resume.optimiser;
    this.#round = resume?.round ?? 0;
    this.#step = resume?.step ?? 0;
    // States are collected after a round's checkpoint and before the next one.
    const isNewer = kept !== undefined && (resume === undefined || (resume.step === 0 && kept.round === resume.round));
    this.history = new History(isNewer ? kept.history : resume?.history);
    this.#statesOf = kept?.round ?? -1;
    this.#filled = [...(kept?.filled ?? [0, 0])];
  }

  /**
   * @throws InputError for a teacher that cannot be distilled: no image, a state of its own, an
   *   operator without a gradient
   */
  static async start(options: DistillationOptions): Promise<Distillation> {
    const { teacher, recipe, seed } = options;
    const kind = outputKindOf(teacher);
    const refuse = (problem: string): never => {
      throw new InputError(`${teacher.path}: cannot be distilled: ${problem}`);
    };
    if (imagesOf(teacher).length === 0) return refuse("it has no image");
    if (Object.keys(teacher.card.state).length > 0) return refuse("it carries state from tick to tick");
    const file = readModel(teacher.bytes, teacher.path);
    const found = { card: teacher.card, source: teacher.cardSource, folder: dirname(teacher.cardSource) };
    const student = new Student(policyOf({ ...teacher, graph: file }, found), file);
    if (student.size === 0) return refuse("it has no weights to learn");
    const models = modelsOf(student, kind, recipe, refuse);
    const earlier = (await options.earlier?.()) ?? {};
    const parameters = sharedFloats(student.size);
    student.start(parameters, recipe.start, stepSource(seed, -1, 0, 0));
    if (earlier.student) parameters.set(earlier.student.parameters);
    const states = {
      regulariser: allocateStates(recipe.regularised ? recipe.maps : 0, mappedColumns(teacher)),
      distance: allocateStates(recipe.buffer, answeredColumns(teacher)),
    };
    for (const [i, numbers] of (earlier.states?.numbers ?? []).entries()) fill(Object.values(states)[i]!, numbers);
    const objectives = Object.fromEntries(
      Object.entries(models).map(([objective, model]) => [
        objective,
        { model, states: states[objective as Objective] },
      ]),
    );
    const slots = student.layout.slots;
    const team = await Team.start<DistillationSetup>(
      new URL("./worker.js", import.meta.url),
      student.layout,
      recipe.workers,
      {
        seed,
        shapes: Object.fromEntries([...slots].map(([name, { shape }]) => [name, shape])),
        batch: recipe.batch,
        objectives,
        parameters,
      },
    );
    const answering = await Teacher.load(answerModel(teacher, kind), ANSWERS);
    return new Distillation(options, student, parameters, answering, team, states, earlier);
  }

  /** The next round and step, and the cost of what is done. */
  get place(): { readonly round: number; readonly step: number; readonly done: number } {
    return { round: this.#round, step: this.#step, done: this.#costAt() };
  }

  /**
   * Runs the remaining rounds.
   * @throws DivergenceError where a loss is not finite, or explodes
   */
  async train(): Promise<void> {
    const { recipe, signal } = this.options;
    while (this.#round < recipe.rounds) {
      signal?.throwIfAborted();
      if (this.#statesOf < this.#round) await this.#collect();
      await this.#fit();
      this.#round++;
      this.#step = 0;
      await this.#keep();
    }
  }

  /** The student's file now, with entries of its metadata. */
  export(metadata: ReadonlyMap<string, string> = new Map()): Uint8Array {
    return this.student.export(this.parameters, metadata);
  }

  async close(): Promise<void> {
    await this.teacher.close();
    await this.team.close();
  }

  async #collect(): Promise<void> {
    const { teacher, recipe, teaching } = this.options;
    const round = this.#round;
    if (round === 0) {
      if (recipe.regularised)
        await this.#fill("regulariser", "saliency of the teacher", teacher, recipe.maps, 0, { teaching });
      await this.#fill("distance", "states of the teacher", teacher, recipe.buffer, 0, {});
    } else {
      const fresh = freshOf(recipe);
      const first = ((round - 1) * fresh) % recipe.buffer;
      const model = { ...teacher, bytes: this.export(), path: `the student of ${teacher.path}` };
      const found = { card: teacher.card, source: teacher.cardSource, folder: dirname(teacher.cardSource) };
      const student = policyOf({ ...model, graph: readModel(model.bytes, model.path) }, found);
      await this.#fill("distance", `states of the student ${round}/${recipe.rounds - 1}`, student, fresh, first, {});
    }
    this.#statesOf = round;
    const { regulariser, distance } = this.states;
    const [maps, buffer] = this.#filled as [number, number];
    await this.options.keepStates?.({
      round,
      history: this.history.state,
      filled: [maps, buffer],
      numbers: [filledOf(regulariser, maps), filledOf(distance, buffer)],
    });
  }

  /** Fills rows from `first` on, around the end, with states of a policy's own episodes. */
  async #fill(
    objective: Objective,
    phase: string,
    policy: Policy,
    count: number,
    first: number,
    { teaching }: { readonly teaching?: Teaching },
  ): Promise<void> {
    const { recipe, seed, play, signal } = this.options;
    const { statesOfEpisode, noise, threshold } = recipe;
    const states = this.states[objective];
    const index = objective === "regulariser" ? 0 : 1;
    let row = first;
    const keep = async ({ feeds, maps }: Collected): Promise<void> => {
      const more = maps ? masksOf(policy, maps, threshold) : { [ANSWERS]: await this.teacher.answers(feeds) };
      writeState(states, row % states.rows, { ...feeds, ...more });
      row++;
      this.#filled[index] = Math.min(states.rows, Math.max(this.#filled[index]!, row));
    };
    const before = this.#costAt() + (phase === "states of the teacher" && recipe.regularised ? recipe.maps : 0);
    const cost = count * (teaching ? 1 : PLAIN);
    const done = (part: number) => this.#report(before + part * cost, { phase, note: "collecting" });
    const options = { seed: seed + EPISODES * (1 + index + 2 * this.#round), count, statesOfEpisode, noise, teaching };
    const outcomes = await collectStates(policy, play, { ...options, signal, done }, keep);
    this.history.iterations.push(figuresOf(phase, this.#round === 0 ? "teacher" : "policy", outcomes));
  }

  async #fit(): Promise<void> {
    const { recipe, signal } = this.options;
    const { regularised, alpha, rounds } = recipe;
    const steps = stepsOf(recipe, this.#round);
    const phase = `distillation ${this.#round + 1}/${rounds}`;
    const before = Math.floor((this.#round * recipe.steps) / rounds);
    while (this.#step < steps) {
      signal?.throwIfAborted();
      const at = before + this.#step;
      const distance = await this.#objective("distance", at);
      const penalty = regularised ? await this.#objective("regulariser", at) : undefined;
      const pull = penalty ? distance.gradient.map((x) => alpha * x) : distance.gradient;
      const direction = penalty ? withoutConflict(penalty.gradient, pull) : pull;
      const loss = penalty ? penalty.loss + alpha * distance.loss : distance.loss;
      const scalars = penalty ? [loss, penalty.loss, distance.loss] : [loss, 0, distance.loss];
      this.history.step(phase, this.#step, steps, scalars);
      this.#optimiser.step(this.parameters, [direction], cosineRate(at, recipe.steps, recipe.rate));
      this.#step++;
      const note = `regulariser ${scalars[1]!.toExponential(2)}, distance ${scalars[2]!.toExponential(2)}`;
      this.#report(this.#costAt(), { phase, loss, note });
      const due = performance.now() - this.#kept > 1000 * (this.options.keepEvery ?? 20);
      if (due && this.#step < steps) await this.#keep();
    }
  }

  /** An objective's mean loss and gradient over all workers' samples. */
  async #objective(kind: Objective, step: number): Promise<{ loss: number; gradient: Float32Array }> {
    const rows = this.#filled[kind === "regulariser" ? 0 : 1]!;
    const answers = await this.team.ask((): ObjectiveRequest => ({ kind, step, rows }));
    const { gradients } = this.team;
    const share = 1 / gradients.length;
    const gradient = new Float32Array(this.student.size);
    for (const of of gradients) for (let i = 0; i < gradient.length; i++) gradient[i]! += share * of[i]!;
    return { loss: answers.reduce((sum, [row]) => sum + share * row![0]!, 0), gradient };
  }

  async #keep(): Promise<void> {
    const { keep } = this.options;
    if (!this.parameters.every(Number.isFinite)) throw new DivergenceError("the parameters are not finite");
    await keep?.({
      round: this.#round,
      step: this.#step,
      optimiser: this.#optimiser.state,
      parameters: this.parameters.slice(),
      history: this.history.state,
    });
    this.#kept = performance.now();
  }

  #report(done: number, words: Pick<DistillationProgress, "phase" | "loss" | "note">): void {
    this.options.progress?.({ done, total: distillationCost(this.options.recipe), ...words });
  }

  /** Cost of what is done. */
  #costAt(): number {
    const { recipe } = this.options;
    const { maps, buffer, regularised, steps, rounds } = recipe;
    const collected = Math.max(this.#statesOf, this.#round - 1);
    const first = collected < 0 ? 0 : (regularised ? maps : 0) + PLAIN * buffer;
    const fitted = Math.floor((this.#round * steps) / rounds) + this.#step;
    return first + PLAIN * freshOf(recipe) * Math.max(0, collected) + fitted;
  }
}

function modelsOf(
  student: Student,
  kind: OutputKind,
  { regularised, yardstick, batch }: DistillationRecipe,
  refuse: (problem: string) => never,
) {
  try {
    const distance = distanceStep(student, kind, batch);
    return regularised ? { regulariser: regulariserStep(student, kind, yardstick, batch), distance } : { distance };
  } catch (error) {
    if (error instanceof RangeError) return refuse(error.message);
    throw error;
  }
}
