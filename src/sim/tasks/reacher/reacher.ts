import { readFile } from "node:fs/promises";
import { type Importance, ImportanceFactor, type ImportanceForm } from "../../../arm/importance.js";
import type { Transform } from "../../../explain/observation.js";
import { put } from "../../../own.js";
import { packageUrl } from "../../../package-files.js";
import type { ControlProblem } from "../../expert/ilqr.js";
import { ControlStep } from "../../expert/linearise.js";
import { ReachCost } from "../../expert/reach-cost.js";
import { type Random, random } from "../../random.js";
import { linkTransforms, opticalPose } from "../../render/poses.js";
import type { Sight } from "../../render/sight.js";
import type { ImagePoint } from "../../render/view.js";
import { conditionAt, type GoalPlace, goalPlace } from "../goal-place.js";
import {
  type EpisodeKind,
  NO_WRENCH,
  OTHER_CAMERA,
  type Starts,
  type Targets,
  type Task,
  type TaskObservation,
  type TaskOptions,
  type Wrench,
} from "../task.js";
import {
  CONTROL_PERIOD,
  FOUR_TARGETS,
  JOINTS,
  LINKS,
  ReacherModel,
  type ReacherState,
  SUBSTEPS,
  type Target,
} from "./model.js";
import { scatteredTarget } from "./scattered-target.js";

/** Least distance of another target from the episode's own, metres. */
const APART = 0.05;
/** The pose that episodes may start near (rad), and the deviation of its noise. */
const START = [0.1, 0.1] as const;
const START_NOISE = 0.03;
/** Largest distance of the fingertip that counts as reached, metres. */
export const TOLERANCE = 0.01;

const TIP = "ee";
/** Weights of the fingertip's distance on the way and at the end, of ½ v² of the joints and ½ τ². */
const WEIGHTS = { squared: 2, linear: 0.1 };
const LAST_WEIGHTS = { squared: 200, linear: 10 };
const VELOCITY_WEIGHT = 1e-3;
const CONTROL_WEIGHT = 0.05;

const URDF = packageUrl("urdf/reacher.urdf");
/** Links of the URDF that are bodies of the model, each after its parent. */
const LINK_PARENTS = { base_link: "world", upper_arm: "base_link", forearm: "upper_arm" } as const;

/** The paper's 2-DoF reaching task: bring the fingertip to a target that only the camera shows. */
export class Reacher implements Task {
  readonly name = "reacher";
  readonly joints = JOINTS;
  readonly torqueLimit: Float64Array;
  readonly width: number;
  readonly height: number;
  readonly focal: number;
  readonly cameraFrame = "camera_optical_frame";
  readonly modalities = [
    { name: "joint_position", size: 2 },
    { name: "joint_velocity", size: 2 },
    { name: "end_effector_position", size: 3 },
    { name: "end_effector_velocity", size: 3 },
  ];
  readonly controlPeriod = CONTROL_PERIOD;
  readonly ticks = 50;
  readonly arm = { file: "reacher.xml", site: TIP };
  readonly tipLink = "forearm";
  readonly conditions = ["first", "second", "third", "fourth"];
  readonly #model: ReacherModel;
  readonly #importance: ImportanceFactor;
  readonly #targets: Targets;
  readonly #starts: Starts;
  #seed = 0;
  #startCondition = "";
  #episode = 0;
  #state: ReacherState = new Float64Array(4);
  #target: Target = FOUR_TARGETS[0]!;
  #wrench: Wrench = NO_WRENCH;
  #controlStep: ControlStep | undefined;

  private constructor(
    model: ReacherModel,
    readonly robotDescription: string,
    { targets = "four", starts = "usual" }: EpisodeKind,
  ) {
    this.#model = model;
    this.#importance = new ImportanceFactor(model.arm, CONTROL_PERIOD);
    this.#targets = targets;
    this.#starts = starts;
    this.torqueLimit = model.torqueLimit;
    this.width = model.width;
    this.height = model.height;
    this.focal = model.view.focal;
    this.reset(0, 0);
  }

  static async load({ width, height, ...kind }: TaskOptions): Promise<Reacher> {
    const [model, urdf] = await Promise.all([ReacherModel.load(width, height), readFile(URDF, "utf8")]);
    return new Reacher(model, urdf, kind);
  }

  reset(seed: number, episode: number, condition?: number): void {
    const numbers = random(seed, episode);
    this.#seed = seed;
    this.#episode = episode;
    this.#state =
      this.#starts === "near"
        ? Float64Array.of(...START.map((angle) => angle + START_NOISE * numbers.normal()), 0, 0)
        : this.#model.randomState(numbers);
    this.#wrench = NO_WRENCH;
    const place =
      condition === undefined ? goalPlace(this.#targets, numbers, (count) => episode % count) : { condition };
    this.#target = this.#targetAt(place);
    this.#startCondition = conditionAt(place, this.conditions);
  }

  startCondition(): string {
    return this.#startCondition;
  }

  observe(): TaskObservation {
    const state = this.#state;
    const configuration = this.#model.configuration(state);
    const values: Record<string, Float64Array> = {};
    let from = 0;
    for (const { name, size } of this.modalities) {
      put(values, name, configuration.slice(from, from + size));
      from += size;
    }
    const image = this.#model.render(state, this.#target).slice();
    return { image, values, position: state.slice(0, 2), velocity: state.slice(2, 4) };
  }

  step(torque: ArrayLike<number>): boolean {
    this.#state = this.#model.step(this.#state, torque, this.#wrench);
    return this.torqueLimit.some((limit, j) => Math.abs(torque[j]!) > limit);
  }

  error(): number {
    return this.#model.error(this.#state, this.#target);
  }

  progress(): number {
    return Math.max(0, 1 - this.error() / (LINKS[0] + LINKS[1]));
  }

  success(): boolean {
    return this.error() < TOLERANCE;
  }

  expert(): Float64Array {
    return this.#model.expert(this.#state, this.#target);
  }

  importance(torque?: ArrayLike<number>, form?: ImportanceForm): Importance {
    return this.#importance.of(this.#model.place(this.#state, this.#target), torque, form);
  }

  goalProblem(goal: readonly number[]): string | undefined {
    const reach = LINKS[0] + LINKS[1];
    const good = goal.length === 2 && goal.every(Number.isFinite) && Math.hypot(...goal) <= reach;
    return good ? undefined : `expected [x, y] in metres within ${reach} of the shoulder`;
  }

  /** Anywhere in the ring that the four targets lie in. */
  randomGoal(random: Random): readonly number[] {
    return this.#model.randomTarget(random);
  }

  otherGoal(numbers: Random): readonly number[] {
    return this.#otherTarget(numbers);
  }

  goal(): readonly number[] {
    return [...this.#target];
  }

  moveGoal(goal: readonly number[]): void {
    this.#target = [goal[0]!, goal[1]!];
  }

  push(wrench: Wrench | null): void {
    this.#wrench = wrench ?? NO_WRENCH;
  }

  scatter(numbers: Random): void {
    this.#state = this.#model.randomState(numbers);
    this.#wrench = NO_WRENCH;
    this.#target = scatteredTarget(this.#state, numbers);
  }

  renderOtherGoal(): Uint8Array {
    // Every call in an episode returns the same one.
    const numbers = random(this.#seed, this.#episode, 1);
    return this.#model.render(this.#state, this.#otherTarget(numbers)).slice();
  }

  renderOtherCamera(): Uint8Array {
    return this.#model.render(this.#state, this.#target, OTHER_CAMERA).slice();
  }

  sight(): Sight {
    return this.#model.sight(this.#state, this.#target);
  }

  imagePoints(): Readonly<Record<string, ImagePoint>> {
    return this.#model.imagePoints(this.#state, this.#target);
  }

  transforms(): Transform[] {
    const data = this.#model.place(this.#state, this.#target);
    return [
      ...linkTransforms(data, this.#model.model, LINK_PARENTS),
      { parent: "forearm", child: "fingertip", translation: [LINKS[1], 0, 0], rotation: [0, 0, 0, 1] },
      { parent: "world", child: "target", translation: [...this.#target, 0], rotation: [0, 0, 0, 1] },
      {
        parent: "world",
        child: this.cameraFrame,
        ...opticalPose(this.#model.view.position, this.#model.view.rotation),
      },
    ];
  }

  state(): Float64Array {
    return this.#state.slice();
  }

  setState(state: Float64Array): void {
    this.#state = state.slice();
  }

  problem(): ControlProblem {
    const { model } = this.#model;
    this.#controlStep ??= new ControlStep(model, SUBSTEPS);
    const goals = [{ site: TIP, point: [...this.#target, 0] as const }];
    const weights = (tick: number) => (tick === this.ticks ? LAST_WEIGHTS : WEIGHTS);
    const cost = new ReachCost(model, goals, weights, VELOCITY_WEIGHT);
    return { step: this.#controlStep, horizon: this.ticks, start: this.state(), cost, controlWeight: CONTROL_WEIGHT };
  }

  save(): Float64Array {
    return Float64Array.of(this.#seed, this.#episode, ...this.#state, ...this.#target, ...this.#wrench);
  }

  restore(saved: Float64Array): void {
    this.#seed = saved[0]!;
    this.#episode = saved[1]!;
    this.#state = saved.slice(2, 6);
    this.#target = [saved[6]!, saved[7]!];
    this.#wrench = [...saved.slice(8)] as unknown as Wrench;
  }

  delete(): void {
    this.#controlStep?.delete();
    this.#importance.delete();
    this.#model.delete();
  }

  #targetAt(place: GoalPlace): Target {
    return "numbers" in place
      ? this.#model.randomTarget(place.numbers)
      : FOUR_TARGETS[place.condition % FOUR_TARGETS.length]!;
  }

  /** Another target of the same kind. */
  #otherTarget(numbers: Random): Target {
    for (;;) {
      const other = this.#targetAt(goalPlace(this.#targets, numbers, (count) => numbers.integer(count)));
      if (Math.hypot(other[0] - this.#target[0], other[1] - this.#target[1]) >= APART) return other;
    }
  }
}
