import { readFile } from "node:fs/promises";
import { type Importance, ImportanceFactor, type ImportanceForm } from "../arm/importance.js";
import { type Pose, relative } from "../arm/pose.js";
import type { Transform } from "../explain/observation.js";
import { ArmScene, CONTROL_PERIOD, type Situation, TIP } from "./arm-scene.js";
import { type ExpertSpec, PlanExpert, type Sites } from "./plan-expert.js";
import { bodyPose, opticalPose } from "./poses.js";
import { type Random, random } from "./random.js";
import type { Point } from "./reach-cost.js";
import type { Targets } from "./reacher.js";
import type { Sight } from "./sight.js";
import { type ControlProblem, type Modality, NO_WRENCH, type Task, type TaskObservation, type Wrench } from "./task.js";
import type { ImagePoint } from "./view.js";

/** How an episode stands: see `Task`. */
export interface Measure {
  readonly error: number;
  readonly progress: number;
  readonly success: boolean;
}

type Place = readonly [x: number, y: number];

/** A task of an arm before a bench: everything that tells it from others. */
export interface ManipulationSpec {
  readonly name: string;
  /** Files of `models/` and `urdf/`. */
  readonly model: string;
  readonly robot: string;
  readonly joints: readonly string[];
  /** Control steps an episode. */
  readonly ticks: number;
  /** Positions of all joints of the model at the start, and the deviation of the noise on the commanded ones, rad. */
  readonly start: readonly number[];
  readonly startNoise: number;
  /** Conditions: where the arm's base stands on the bench, metres from its usual place. */
  readonly stands: Readonly<Record<string, Place>>;
  /** The goal's body and site, and its place from the base where that stands at its usual place, metres. */
  readonly goal: { readonly body: string; readonly place: Point; readonly site: string };
  /** Where goals may be moved to, metres from the base. */
  readonly area: { readonly low: Place; readonly high: Place };
  /** Parents of the robot's links, each after its parent. */
  readonly links: Readonly<Record<string, string>>;
  /** How things stand; `positions` are of all joints of the model. */
  measure(site: Sites, goal: Point, positions: Float64Array): Measure;
  readonly expert: ExpertSpec;
}

export interface ManipulationOptions {
  /** Size of the camera image, pixels. */
  readonly width: number;
  readonly height: number;
  /** The named conditions in turn (default), or base and goal anywhere between them for each episode. */
  readonly targets?: Targets;
}

/** Random goals are moved on the bench by up to this, metres along each axis. */
const GOAL_SHIFT = 0.05;
/** Another goal is at least this far from the episode's own, metres. */
const APART = 0.05;
/** Scattered arms are up to this far from where a plan leads, rad. */
const SCATTER = 0.15;

/** A task of `ManipulationSpec`. The world is the arm's base frame: another stand of the base is another place of the bench. */
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
  readonly #scene: ArmScene;
  readonly #spec: ManipulationSpec;
  readonly #importance: ImportanceFactor;
  readonly #expert: PlanExpert;
  readonly #targets: Targets;
  readonly #start: Float64Array;
  #seed = 0;
  #episode = 0;
  #situation: Situation;

  private constructor(
    scene: ArmScene,
    spec: ManipulationSpec,
    readonly robotDescription: string,
    { width, height, targets = "four" }: ManipulationOptions,
  ) {
    const { name, model, joints, ticks, start, stands, expert } = spec;
    this.name = name;
    this.arm = { file: model, site: TIP };
    this.joints = joints;
    this.ticks = ticks;
    this.conditions = Object.keys(stands);
    this.width = width;
    this.height = height;
    this.#scene = scene;
    this.#spec = spec;
    this.#targets = targets;
    this.torqueLimit = scene.torqueLimit;
    this.#importance = new ImportanceFactor(scene.arm, CONTROL_PERIOD);
    this.#start = Float64Array.of(...start, ...start.map(() => 0));
    this.#expert = new PlanExpert(scene, expert, this.#start, ticks);
    this.#situation = this.#standing(this.#start, [0, 0], [0, 0]);
    this.focal = scene.view(this.#situation).focal;
    this.modalities = Object.entries(scene.configuration(this.#situation)).map(([modality, values]) => ({
      name: modality,
      size: values.length,
    }));
    this.reset(0, 0);
  }

  static async load(spec: ManipulationSpec, options: ManipulationOptions): Promise<Manipulation> {
    const { model, joints, goal, robot } = spec;
    const [scene, urdf] = await Promise.all([
      ArmScene.load({ ...options, model, joints, goalBody: goal.body }),
      readFile(new URL(`../../urdf/${robot}`, import.meta.url), "utf8"),
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
    const anywhere = condition === undefined && this.#targets === "random";
    this.#situation = anywhere
      ? this.#anywhere(state, numbers)
      : this.#standing(state, this.#stand(condition ?? episode), [0, 0]);
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
    const { goal } = this.#standing(this.#start, this.#between(numbers), [0, 0]);
    return goal.slice(0, 2);
  }

  moveGoal(goal: readonly number[]): void {
    this.#situation = { ...this.#situation, goal: [goal[0]!, goal[1]!, this.#spec.goal.place[2]] };
  }

  push(wrench: Wrench | null): void {
    this.#situation = { ...this.#situation, wrench: wrench ?? NO_WRENCH };
  }

  scatter(numbers: Random): void {
    const [x, y] = this.#stand(numbers.integer(this.conditions.length));
    const { states } = this.#expert.plan(this.#standing(this.#start, [x, y], [0, 0]).goal);
    const spread = SCATTER * numbers.uniform();
    const state = states[numbers.integer(states.length)]!.map((value, i) =>
      i < this.joints.length ? value + spread * numbers.normal() : value,
    );
    this.#situation = numbers.uniform() < 0.5 ? this.#standing(state, [x, y], [0, 0]) : this.#anywhere(state, numbers);
  }

  renderOtherGoal(): Uint8Array {
    return this.#scene.render(this.#otherSituation()).rgb.slice();
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
    const world: Pose = { translation: [0, 0, 0], rotation: [0, 0, 0, 1] };
    const poses: Record<string, Pose> = { world };
    const transforms = Object.entries(links).map(([child, parent]) => {
      poses[child] = bodyPose(data, this.#scene.model.id("body", child));
      return { parent, child, ...relative(poses[parent]!, poses[child]) };
    });
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
    return this.#expert.problem(this.#situation.goal, this.state());
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

  #stand(condition: number): Place {
    return Object.values(this.#spec.stands)[condition % this.conditions.length]!;
  }

  /** The base at a place of the bench, the goal moved on the bench. */
  #standing(state: Float64Array, [x, y]: Place, [right, away]: Place): Situation {
    const [goalX, goalY, goalZ] = this.#spec.goal.place;
    return { state, bench: [-x, -y, 0], goal: [goalX - x + right, goalY - y + away, goalZ], wrench: NO_WRENCH };
  }

  /** Base and goal anywhere between where the conditions have them. */
  #anywhere(state: Float64Array, numbers: Random): Situation {
    const shift = (): number => numbers.between(-GOAL_SHIFT, GOAL_SHIFT);
    return this.#standing(state, this.#between(numbers), [shift(), shift()]);
  }

  /** A stand of the base between those of the conditions. */
  #between(numbers: Random): Place {
    const stands = Object.values(this.#spec.stands);
    const along = (axis: 0 | 1): number => {
      const values = stands.map((stand) => stand[axis]);
      return numbers.between(Math.min(...values), Math.max(...values));
    };
    return [along(0), along(1)];
  }

  /** The same arm with another goal of the same kind, the same whenever it is asked for in an episode. */
  #otherSituation(): Situation {
    const { state, goal, wrench } = this.#situation;
    const numbers = random(this.#seed, this.#episode, 1);
    for (;;) {
      const other =
        this.#targets === "four"
          ? this.#standing(state, this.#stand(numbers.integer(this.conditions.length)), [0, 0])
          : this.#anywhere(state, numbers);
      if (Math.hypot(other.goal[0] - goal[0], other.goal[1] - goal[1]) >= APART) return { ...other, wrench };
    }
  }
}
