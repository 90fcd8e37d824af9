import { readFile } from "node:fs/promises";
import { type Importance, ImportanceFactor, type ImportanceForm } from "../../../arm/importance.js";
import type { Transform } from "../../../explain/observation.js";
import { packageUrl } from "../../../package-files.js";
import type { ControlProblem } from "../../expert/ilqr.js";
import { type Pursuit, PursuitCost } from "../../expert/pursuit-cost.js";
import type { Point } from "../../expert/state-cost.js";
import { type Random, random } from "../../random.js";
import { linkTransforms, opticalPose } from "../../render/poses.js";
import type { Sight } from "../../render/sight.js";
import type { ImagePoint } from "../../render/view.js";
import { conditionAt, type GoalPlace, goalPlace } from "../goal-place.js";
import {
  NO_WRENCH,
  OTHER_CAMERA,
  type Targets,
  type Task,
  type TaskObservation,
  type TaskOptions,
  type Wrench,
} from "../task.js";
import { BaxterModel, type BaxterState, CONTROL_PERIOD, PALM, RIGHT_JOINTS, TIP } from "./model.js";

/** Largest distance of the block's middle from the end of the left hand that counts as met, metres: half the block's edge. */
export const TOLERANCE = 0.025;
/** Least distance of another goal from the current one, metres. */
const APART = 0.06;
/** Deviation of the noise on the driven joints at the start, rad. */
const START_NOISE = 0.05;
/** Largest deviation of scattered arms from the way to the left hand, rad. */
const SCATTER = 0.15;
/** Share of scattered frames with the block near the left hand, as at the end of every episode. */
const CLOSE = 0.4;

/** Where the left hand may be, metres from the torso: both arms reach all of it, and the camera sees it. */
const AREA = { low: [0.57, -0.18, 0], high: [0.75, 0.18, 0.3] } as const;

/** Places of the left hand in the conditions, taken in turn, metres from the torso. */
const PLACES: Readonly<Record<string, Point>> = {
  low_right: [0.65, -0.12, 0.05],
  low_left: [0.65, 0.12, 0.05],
  high_right: [0.65, -0.12, 0.25],
  high_left: [0.65, 0.12, 0.25],
};
const FOUR_PLACES = Object.values(PLACES);

/** Cost for planners that improve on a policy: block and left hand together. */
const PURSUIT: Pursuit = {
  errors: (site) => {
    const [block, palm] = [site(TIP), site(PALM)];
    return [{ error: block.map((value, k) => value - palm[k]!), squared: 10, linear: 1 }];
  },
  velocityWeight: 0.1,
  controlWeight: 2e-4,
};

const URDF = packageUrl("urdf/baxter.urdf");

/** Links of an arm from its mount to its hand. */
const ARM_LINKS = [
  "arm_mount",
  "upper_shoulder",
  "lower_shoulder",
  "upper_elbow",
  "lower_elbow",
  "upper_forearm",
  "lower_forearm",
  "wrist",
  "hand",
];
const armParents = (side: "left" | "right"): [string, string][] =>
  ARM_LINKS.map((link, i) => [`${side}_${link}`, i === 0 ? "torso" : `${side}_${ARM_LINKS[i - 1]}`]);
/** Parents of the URDF's links, each after its parent. */
const LINK_PARENTS = Object.fromEntries([
  ["torso", "world"],
  ["head", "torso"],
  ...armParents("right"),
  ["block", "right_hand"],
  ...armParents("left"),
]) as Readonly<Record<string, string>>;

/**
 * The paper's reaching task of a two-armed robot: the block in the right hand to the left hand. The policy drives the right
 * arm and knows its joint positions and velocities; only the head's camera shows where the left arm is.
 */
export class Baxter implements Task {
  readonly name = "baxter";
  readonly joints = RIGHT_JOINTS;
  readonly torqueLimit: Float64Array;
  readonly width: number;
  readonly height: number;
  readonly focal: number;
  readonly cameraFrame = "camera_optical_frame";
  readonly modalities = [
    { name: "joint_position", size: RIGHT_JOINTS.length },
    { name: "joint_velocity", size: RIGHT_JOINTS.length },
  ];
  readonly controlPeriod = CONTROL_PERIOD;
  readonly ticks = 60;
  readonly arm = { file: "baxter.xml", site: TIP };
  readonly tipLink = "block";
  readonly conditions = Object.keys(PLACES);
  readonly #model: BaxterModel;
  readonly #importance: ImportanceFactor;
  readonly #targets: Targets;
  #seed = 0;
  #startCondition = "";
  #episode = 0;
  #state: BaxterState;
  /** Where the left hand was put, metres. */
  #goal: Point = FOUR_PLACES[0]!;
  #wrench: Wrench = NO_WRENCH;

  private constructor(
    model: BaxterModel,
    readonly robotDescription: string,
    { width, height, targets = "four" }: TaskOptions,
  ) {
    this.#model = model;
    this.#importance = new ImportanceFactor(model.arm, CONTROL_PERIOD);
    this.#targets = targets;
    this.torqueLimit = model.torqueLimit;
    this.width = width;
    this.height = height;
    this.focal = model.view.focal;
    this.#state = model.start;
    this.reset(0, 0);
  }

  static async load(options: TaskOptions): Promise<Baxter> {
    const [model, urdf] = await Promise.all([BaxterModel.load(options.width, options.height), readFile(URDF, "utf8")]);
    return new Baxter(model, urdf, options);
  }

  reset(seed: number, episode: number, condition?: number): void {
    const numbers = random(seed, episode);
    this.#seed = seed;
    this.#episode = episode;
    this.#wrench = NO_WRENCH;
    const state = this.#disturbed(this.#model.start, START_NOISE, numbers);
    const place =
      condition === undefined ? goalPlace(this.#targets, numbers, (count) => episode % count) : { condition };
    this.#put(placeAt(place), state);
    this.#startCondition = conditionAt(place, this.conditions);
  }

  scatter(numbers: Random): void {
    this.#wrench = NO_WRENCH;
    this.#put(anyPlace(numbers), this.#model.start);
    const close = numbers.uniform() < CLOSE;
    const part = close ? numbers.between(0.9, 1.05) : numbers.uniform();
    const spread = (close ? 0.3 : 1) * SCATTER * numbers.uniform();
    this.#state = this.#disturbed(this.#model.onTheWay(this.#state, part), spread, numbers);
  }

  startCondition(): string {
    return this.#startCondition;
  }

  observe(): TaskObservation {
    const values = this.#model.configuration(this.#state);
    const image = this.#model.render(this.#state).slice();
    return { image, values, position: values.joint_position.slice(), velocity: values.joint_velocity.slice() };
  }

  step(torque: ArrayLike<number>): boolean {
    this.#state = this.#model.step(this.#state, torque, this.#wrench);
    return this.torqueLimit.some((limit, j) => Math.abs(torque[j]!) > limit);
  }

  error(): number {
    const { block, palm } = this.#model.sites(this.#state);
    return distance(block, palm);
  }

  progress(): number {
    const { block } = this.#model.sites(this.#model.start);
    const { palm } = this.#model.sites(this.#state);
    return Math.max(0, 1 - this.error() / distance(block, palm));
  }

  success(): boolean {
    return this.error() < TOLERANCE;
  }

  expert(): Float64Array {
    return this.#model.expert(this.#state);
  }

  importance(torque?: ArrayLike<number>, form?: ImportanceForm): Importance {
    return this.#importance.of(this.#model.place(this.#state), torque, form);
  }

  goalProblem(goal: readonly number[]): string | undefined {
    const { low, high } = AREA;
    const good = goal.length === 3 && goal.every((value, k) => value >= low[k]! && value <= high[k]!);
    const ranges = ["x", "y", "z"].map((axis, k) => `${axis} ${low[k]} to ${high[k]}`);
    return good ? undefined : `expected [x, y, z] in metres from the torso, ${ranges.join(", ")}`;
  }

  /** Between the places of the conditions. */
  randomGoal(numbers: Random): readonly number[] {
    return [0, 1, 2].map((k) => {
      const along = FOUR_PLACES.map((place) => place[k]!);
      return numbers.between(Math.min(...along), Math.max(...along));
    });
  }

  otherGoal(numbers: Random): readonly number[] {
    return this.#otherPlace(numbers);
  }

  goal(): readonly number[] {
    return [...this.#goal];
  }

  moveGoal(goal: readonly number[]): void {
    this.#put([goal[0]!, goal[1]!, goal[2]!], this.#state);
  }

  push(wrench: Wrench | null): void {
    this.#wrench = wrench ?? NO_WRENCH;
  }

  renderOtherGoal(): Uint8Array {
    // Every call in an episode returns the same one.
    const place = this.#otherPlace(random(this.#seed, this.#episode, 1));
    return this.#model.render(this.#model.withLeftHandAt(place, this.#state)).slice();
  }

  renderOtherCamera(): Uint8Array {
    return this.#model.render(this.#state, OTHER_CAMERA).slice();
  }

  sight(): Sight {
    return this.#model.sight(this.#state);
  }

  imagePoints(): Readonly<Record<string, ImagePoint>> {
    return this.#model.imagePoints(this.#state);
  }

  transforms(): Transform[] {
    const { model, view } = this.#model;
    const { palm } = this.#model.sites(this.#state);
    return [
      ...linkTransforms(this.#model.place(this.#state), model, LINK_PARENTS),
      { parent: "world", child: "target", translation: palm, rotation: [0, 0, 0, 1] },
      { parent: "world", child: this.cameraFrame, ...opticalPose(view.position, view.rotation) },
    ];
  }

  state(): Float64Array {
    return this.#state.slice();
  }

  setState(state: Float64Array): void {
    this.#state = state.slice();
  }

  problem(): ControlProblem {
    const { model, controlStep: step } = this.#model;
    const cost = new PursuitCost(model, PURSUIT, this.#model.sites(this.#state).palm);
    return { step, horizon: this.ticks, start: this.state(), cost, controlWeight: PURSUIT.controlWeight };
  }

  save(): Float64Array {
    return Float64Array.of(this.#seed, this.#episode, ...this.#goal, ...this.#wrench, ...this.#state);
  }

  restore(saved: Float64Array): void {
    this.#seed = saved[0]!;
    this.#episode = saved[1]!;
    this.#goal = [saved[2]!, saved[3]!, saved[4]!];
    this.#wrench = [...saved.slice(5, 11)] as unknown as Wrench;
    this.#state = saved.slice(11);
  }

  delete(): void {
    this.#importance.delete();
    this.#model.delete();
  }

  /** Puts the left hand at a place. */
  #put(place: Point, state: BaxterState): void {
    this.#goal = place;
    this.#state = this.#model.withLeftHandAt(place, state);
  }

  /** A state with noise of that deviation (rad) on the driven joints. */
  #disturbed(state: BaxterState, deviation: number, numbers: Random): BaxterState {
    const moved = state.slice();
    for (const at of this.#model.arm.positions) moved[at]! += deviation * numbers.normal();
    return moved;
  }

  /** Another place of the same kind. */
  #otherPlace(numbers: Random): Point {
    for (;;) {
      const other = placeAt(goalPlace(this.#targets, numbers, (count) => numbers.integer(count)));
      if (distance(other, this.#goal) >= APART) return other;
    }
  }
}

const distance = (a: Point, b: Point): number => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);

const placeAt = (place: GoalPlace): Point =>
  "numbers" in place ? anyPlace(place.numbers) : FOUR_PLACES[place.condition % FOUR_PLACES.length]!;

/** Anywhere in the area. */
function anyPlace(numbers: Random): Point {
  const [x, y, z] = AREA.low.map((low, k) => numbers.between(low, AREA.high[k]!));
  return [x!, y!, z!];
}
