import { readFile } from "node:fs/promises";
import { type Importance, ImportanceFactor, type ImportanceForm } from "../../../arm/importance.js";
import type { Transform } from "../../../explain/observation.js";
import { packageUrl } from "../../../package-files.js";
import type { ControlProblem } from "../../expert/ilqr.js";
import { PursuitCost } from "../../expert/pursuit-cost.js";
import type { Point } from "../../expert/state-cost.js";
import { type Random, random } from "../../random.js";
import { linkTransforms, opticalPose } from "../../render/poses.js";
import type { Sight } from "../../render/sight.js";
import type { ImagePoint } from "../../render/view.js";
import { conditionAt, goalPlace } from "../goal-place.js";
import {
  type Modality,
  NO_WRENCH,
  OTHER_CAMERA,
  type Targets,
  type Task,
  type TaskObservation,
  type TaskOptions,
  type Wrench,
} from "../task.js";
import { ArmScene, CONTROL_PERIOD, type Situation, TIP } from "./arm-scene.js";
import { PlanExpert } from "./plan-expert.js";
import { Situations } from "./situations.js";
import type { ManipulationSpec, Measure } from "./spec.js";

/** Largest deviation of scattered arms from a plan, rad. */
const SCATTER = 0.15;

/** A task of `ManipulationSpec`. The world is the arm's base frame: moving the base moves the bench. */
export class Manipulation implements Task {
  readonly name: string;
  readonly arm: Task["arm"];
  readonly joints: readonly string[];
  readonly torqueLimit: Float64Array;
  readonly width: number;
  readonly height: number;
  readonly focal: number;
  readonly cameraFrame = "camera_optical_frame";
  readonly modalities: readonly Modality[];
  readonly controlPeriod = CONTROL_PERIOD;
  readonly ticks: number;
  readonly conditions: readonly string[];
  readonly tipLink: string;
  readonly #scene: ArmScene;
  readonly #spec: ManipulationSpec;
  readonly #importance: ImportanceFactor;
  readonly #expert: PlanExpert;
  readonly #targets: Targets;
  readonly #start: Float64Array;
  readonly #situations: Situations;
  #seed = 0;
  #startCondition = "";
  #episode = 0;
  #situation: Situation;

  private constructor(
    scene: ArmScene,
    spec: ManipulationSpec,
    readonly robotDescription: string,
    { width, height, targets = "four" }: TaskOptions,
  ) {
    const { name, model, joints, ticks, start, bases, expert } = spec;
    this.name = name;
    this.arm = { file: model, site: TIP };
    this.tipLink = Object.keys(spec.links).at(-1)!;
    this.joints = joints;
    this.ticks = ticks;
    this.conditions = Object.keys(bases);
    this.width = width;
    this.height = height;
    this.#scene = scene;
    this.#spec = spec;
    this.#targets = targets;
    this.torqueLimit = scene.torqueLimit;
    this.#importance = new ImportanceFactor(scene.arm, CONTROL_PERIOD);
    this.#start = Float64Array.of(...start, ...start.map(() => 0));
    this.#expert = new PlanExpert(scene, expert, this.#start, ticks);
    this.#situations = new Situations(spec);
    this.#situation = this.#situations.condition(this.#start, 0);
    this.focal = scene.view(this.#situation).focal;
    this.modalities = Object.entries(scene.configuration(this.#situation)).map(([modality, values]) => ({
      name: modality,
      size: values.length,
    }));
    this.reset(0, 0);
  }

  static async load(spec: ManipulationSpec, options: TaskOptions): Promise<Manipulation> {
    const { model, joints, goal, robot } = spec;
    const [scene, urdf] = await Promise.all([
      ArmScene.load({ ...options, model, joints, goalBody: goal.body }),
      readFile(packageUrl(`urdf/${robot}`), "utf8"),
    ]);
    return new Manipulation(scene, spec, urdf, options);
  }

  reset(seed: number, episode: number, condition?: number): void {
    const numbers = random(seed, episode);
    this.#seed = seed;
    this.#episode = episode;
    const state = this.#start.map((value, i) =>
      i < this.joints.length ? value + this.#spec.startNoise * numbers.normal() : value,
    );
    const place =
      condition === undefined ? goalPlace(this.#targets, numbers, (count) => episode % count) : { condition };
    this.#situation = this.#situations.at(state, place);
    this.#startCondition = conditionAt(place, this.conditions);
  }

  startCondition(): string {
    return this.#startCondition;
  }

  observe(): TaskObservation {
    const values = this.#scene.configuration(this.#situation);
    const image = this.#scene.render(this.#situation).rgb.slice();
    return { image, values, position: values.joint_position!.slice(), velocity: values.joint_velocity!.slice() };
  }

  step(torque: ArrayLike<number>): boolean {
    this.#situation = { ...this.#situation, state: this.#scene.step(this.#situation, torque) };
    return this.torqueLimit.some((limit, j) => Math.abs(torque[j]!) > limit);
  }

  error(): number {
    return this.#measure().error;
  }

  progress(): number {
    return this.#measure().progress;
  }

  success(): boolean {
    return this.#measure().success;
  }

  expert(): Float64Array {
    return this.#expert.torque(this.#situation);
  }

  importance(torque?: ArrayLike<number>, form?: ImportanceForm): Importance {
    return this.#importance.of(this.#scene.place(this.#situation), torque, form);
  }

  goalProblem(goal: readonly number[]): string | undefined {
    const { low, high } = this.#spec.area;
    const good = goal.length === 2 && goal.every((value, k) => value >= low[k]! && value <= high[k]!);
    return good
      ? undefined
      : `expected [x, y] in metres from the arm's base, x ${low[0]} to ${high[0]}, y ${low[1]} to ${high[1]}`;
  }

  randomGoal(numbers: Random): readonly number[] {
    return this.#situations.between(this.#start, numbers).goal.slice(0, 2);
  }

  otherGoal(numbers: Random): readonly number[] {
    return this.#situations.other(this.#situation, this.#targets, numbers).goal.slice(0, 2);
  }

  goal(): readonly number[] {
    return this.#situation.goal.slice(0, 2);
  }

  moveGoal(goal: readonly number[]): void {
    this.#situation = { ...this.#situation, goal: [goal[0]!, goal[1]!, this.#spec.goal.place[2]] };
  }

  push(wrench: Wrench | null): void {
    this.#situation = { ...this.#situation, wrench: wrench ?? NO_WRENCH };
  }

  scatter(numbers: Random): void {
    if (this.#targets === "four") this.#scatterAtConditions(numbers);
    else this.#scatterAnywhere(numbers);
  }

  /** The arm near the plan of a condition; base and goal as there, or anywhere. */
  #scatterAtConditions(numbers: Random): void {
    const condition = numbers.integer(this.conditions.length);
    const { states } = this.#expert.plan(this.#situations.condition(this.#start, condition).goal);
    const spread = SCATTER * numbers.uniform();
    const tick = numbers.integer(states.length);
    const state = states[tick]!.map((value, i) => (i < this.joints.length ? value + spread * numbers.normal() : value));
    this.#spec.passive?.(tick).forEach((value, i) => {
      state[this.joints.length + i] = value + spread * Math.abs(numbers.normal());
    });
    this.#situation =
      numbers.uniform() < 0.5
        ? this.#situations.condition(state, condition)
        : this.#situations.anywhere(state, numbers);
  }

  /** The arm between the conditions' plans or close to one of them; the goal on the bench as ever, or where it has moved to. */
  #scatterAnywhere(numbers: Random): void {
    const parts = this.conditions.map(() => numbers.uniform() ** 3);
    const all = parts.reduce((sum, part) => sum + part, 0);
    const plans = this.conditions.map((_, c) => this.#expert.plan(this.#situations.condition(this.#start, c).goal));
    const spread = SCATTER * numbers.uniform();
    const tick = numbers.integer(plans[0]!.states.length);
    const state = this.#start.map((_, i) => {
      const planned = plans.reduce((sum, { states }, c) => sum + (parts[c]! / all) * states[tick]![i]!, 0);
      return i < this.joints.length ? planned + spread * numbers.normal() : planned;
    });
    this.#spec.passive?.(tick).forEach((value, i) => {
      state[this.joints.length + i] = value + spread * Math.abs(numbers.normal());
    });
    this.#situation = this.#situations.anywhere(state, numbers);
    if (numbers.uniform() < 0.5) this.moveGoal(this.randomGoal(numbers));
  }

  renderOtherGoal(): Uint8Array {
    // Every call in an episode returns the same one.
    const numbers = random(this.#seed, this.#episode, 1);
    return this.#scene.render(this.#situations.other(this.#situation, this.#targets, numbers)).rgb.slice();
  }

  renderOtherCamera(): Uint8Array {
    return this.#scene.render(this.#situation, OTHER_CAMERA).rgb.slice();
  }

  sight(): Sight {
    return this.#scene.sight(this.#situation);
  }

  imagePoints(): Readonly<Record<string, ImagePoint>> {
    return {
      target: this.#scene.imagePoint(this.#situation, this.#spec.goal.site),
      fingertip: this.#scene.imagePoint(this.#situation, TIP),
    };
  }

  transforms(): Transform[] {
    const { links, goal } = this.#spec;
    const data = this.#scene.place(this.#situation);
    const transforms = linkTransforms(data, this.#scene.model, links);
    const view = this.#scene.view(this.#situation);
    return [
      ...transforms,
      { parent: "world", child: "target", translation: this.#scene.site(data, goal.site), rotation: [0, 0, 0, 1] },
      { parent: "world", child: this.cameraFrame, ...opticalPose(view.position, view.rotation) },
    ];
  }

  state(): Float64Array {
    return this.#situation.state.slice();
  }

  setState(state: Float64Array): void {
    this.#situation = { ...this.#situation, state: state.slice() };
  }

  problem(): ControlProblem {
    const { goal } = this.#situation;
    const { pursuit } = this.#spec;
    const cost = new PursuitCost(this.#scene.model, pursuit, goal);
    const step = this.#scene.stepsTowards(goal);
    return { step, horizon: this.ticks, start: this.state(), cost, controlWeight: pursuit.controlWeight };
  }

  save(): Float64Array {
    const { state, bench, goal, wrench } = this.#situation;
    return Float64Array.of(this.#seed, this.#episode, ...bench, ...goal, ...wrench, ...state);
  }

  restore(saved: Float64Array): void {
    const [seed, episode, ...rest] = saved;
    this.#seed = seed!;
    this.#episode = episode!;
    const part = (from: number, to: number) => rest.slice(from, to) as unknown;
    this.#situation = {
      bench: part(0, 3) as Point,
      goal: part(3, 6) as Point,
      wrench: part(6, 12) as Wrench,
      state: Float64Array.from(rest.slice(12)),
    };
  }

  delete(): void {
    this.#importance.delete();
    this.#scene.delete();
  }

  #measure(): Measure {
    const { state, goal } = this.#situation;
    const data = this.#scene.place(this.#situation);
    return this.#spec.measure((name) => this.#scene.site(data, name), goal, state.subarray(0, this.#scene.model.nq));
  }
}
