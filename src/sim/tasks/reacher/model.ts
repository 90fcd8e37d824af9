import { readFile } from "node:fs/promises";
import { Arm } from "../../../arm/arm.js";
import { Data } from "../../../arm/data.js";
import type { Model } from "../../../arm/model.js";
import { modelFromXml } from "../../../arm/mujoco.js";
import { packageUrl } from "../../../package-files.js";
import { lqr } from "../../expert/lqr.js";
import { clipped } from "../../expert/torque.js";
import type { Random } from "../../random.js";
import { Camera } from "../../render/camera.js";
import { Segmenter, type Sight } from "../../render/sight.js";
import { type ImagePoint, project, type View } from "../../render/view.js";
import { NO_WRENCH, type Wrench } from "../task.js";

/** Shoulder and elbow angle (rad) and velocity (rad/s). */
export type ReacherState = Float64Array;
/** Goal of the fingertip, metres, in the plane of the arm. */
export type Target = readonly [x: number, y: number];

export const JOINTS = ["shoulder", "elbow"] as const;
export const SUBSTEPS = 5;
export const CONTROL_PERIOD = 0.05;
export const LINKS = [0.12, 0.13] as const;

/** The four targets of the paper's 2-DoF reaching task, taken in turn. */
export const FOUR_TARGETS: readonly Target[] = [
  [0.12, 0.12],
  [-0.1, 0.15],
  [-0.15, -0.08],
  [0.1, -0.14],
];

/** Random targets lie between these distances from the shoulder, metres. */
const TARGET_RADIUS = [0.1, 0.23] as const;

const MODEL = packageUrl("models/reacher.xml");

/**
 * The 2-DoF planar reacher as pure functions of state, torque and target: no state is kept between calls,
 * so that many episodes can share one instance.
 */
export class ReacherModel {
  readonly width: number;
  readonly height: number;
  /** Largest torque of each joint, N·m. */
  readonly torqueLimit: Float64Array;
  /** Pose and optics of the fixed camera. */
  readonly view: View;
  readonly #data: Data;
  readonly #camera: Camera;
  readonly #arm: Arm;
  readonly #segmenter: Segmenter;
  readonly #tipBody: number;
  readonly #gains = new Map<string, { goal: Target; gain: Float64Array }>();

  private constructor(
    readonly model: Model,
    width: number,
    height: number,
  ) {
    this.width = width;
    this.height = height;
    this.#data = new Data(model);
    this.#camera = new Camera(model, "camera", width, height);
    this.#data.kinematics();
    this.view = this.#camera.view(this.#data);
    this.#arm = new Arm(model, JOINTS, { site: "ee" });
    this.#segmenter = new Segmenter(model, { arm: "base_link", target: "target" });
    this.#tipBody = model.id("body", "forearm");
    this.torqueLimit = Float64Array.from(this.#arm.limits, ({ effort }) => effort);
  }

  /** Loads `models/reacher.xml`; the camera image has `width` × `height` pixels. */
  static async load(width: number, height: number): Promise<ReacherModel> {
    const model = await modelFromXml(await readFile(MODEL, "utf8"), "models/reacher.xml");
    return new ReacherModel(model, width, height);
  }

  /** The state one control step (5 physics steps) later, with the torque clipped to its limits. */
  step(state: ReacherState, torque: ArrayLike<number>, wrench: Wrench = NO_WRENCH): ReacherState {
    const { arrays } = this.#data;
    this.#set(state);
    arrays.get("ctrl").set(clipped(torque, this.torqueLimit, JOINTS));
    arrays.get("xfrc_applied").set(wrench, 6 * this.#tipBody);
    this.#data.step(SUBSTEPS);
    const [qpos, qvel] = [arrays.get("qpos"), arrays.get("qvel")];
    return Float64Array.of(qpos[0]!, qpos[1]!, qvel[0]!, qvel[1]!);
  }

  /** The camera image, rgb8 [height, width, 3]. The next call overwrites the array. */
  render(state: ReacherState, target: Target, turn = 0): Uint8Array {
    this.place(state, target);
    return this.#camera.render(this.#data, turn).rgb;
  }

  /** Segmentation and depth of the camera image. */
  sight(state: ReacherState, target: Target): Sight {
    return this.#segmenter.sight(this.#camera.render(this.place(state, target)));
  }

  /**
   * The policy's configuration [10]: joint_position (2, rad), joint_velocity (2, rad/s),
   * end_effector_position (3, m), end_effector_velocity (3, m/s).
   */
  configuration(state: ReacherState): Float64Array {
    this.#set(state);
    this.#data.kinematics();
    const values = new Float64Array(10);
    values.set(state);
    values.set(this.#arm.tipPosition(this.#data), 4);
    values.set(this.#arm.tipVelocity(this.#data), 7);
    return values;
  }

  /** Distance from fingertip to target, metres. */
  error(state: ReacherState, target: Target): number {
    const tip = fingertip(state);
    return Math.hypot(tip[0] - target[0], tip[1] - target[1]);
  }

  /** A state at rest, anywhere: shoulder in ±π, elbow in ±2.2 rad. */
  randomState(random: Random): ReacherState {
    return Float64Array.of(random.between(-Math.PI, Math.PI), random.between(-2.2, 2.2), 0, 0);
  }

  /** A target anywhere in reach (uniform in angle and distance). */
  randomTarget(random: Random): Target {
    const angle = random.between(-Math.PI, Math.PI);
    const distance = random.between(...TARGET_RADIUS);
    return [distance * Math.cos(angle), distance * Math.sin(angle)];
  }

  /**
   * The torque of a discrete LQR at the inverse-kinematics goal (elbow bent to the left), clipped to the limits, N·m.
   * The shoulder takes the shorter direction.
   */
  expert(state: ReacherState, target: Target): Float64Array {
    const { goal, gain } = this.#controller(target);
    const error = [wrap(state[0]! - goal[0]), state[1]! - goal[1], state[2]!, state[3]!];
    return this.torqueLimit.map((limit, j) => {
      const torque = -error.reduce((sum, value, i) => sum + gain[4 * j + i]! * value, 0);
      return Math.max(-limit, Math.min(limit, torque));
    });
  }

  /** The arm, for its importance factor. */
  get arm(): Arm {
    return this.#arm;
  }

  /** Sets arm and target and updates the poses. The next call overwrites the returned data. */
  place(state: ReacherState, target: Target): Data {
    this.#set(state);
    this.#data.arrays.get("mocap_pos").set([target[0], target[1], 0]);
    this.#data.kinematics();
    return this.#data;
  }

  /** Image positions of target and fingertip, pixels from the upper left corner. */
  imagePoints(state: ReacherState, target: Target): { target: ImagePoint; fingertip: ImagePoint } {
    const at = (point: Target): ImagePoint => project(this.view, [...point, 0]);
    return { target: at(target), fingertip: at(fingertip(state)) };
  }

  delete(): void {
    this.#arm.delete();
    this.#data.delete();
    this.model.delete();
  }

  #set(state: ReacherState): void {
    const { arrays } = this.#data;
    arrays.get("qpos").set(state.subarray(0, 2));
    arrays.get("qvel").set(state.subarray(2, 4));
    arrays.get("qacc_warmstart").fill(0);
  }

  #controller(target: Target): { goal: Target; gain: Float64Array } {
    // Gains depend on the elbow angle alone: the plane is the same at every shoulder angle.
    const goal = inverseKinematics(target);
    const key = goal[1].toFixed(2);
    let found = this.#gains.get(key);
    if (found === undefined) {
      found = { goal, gain: this.#gain(Number(key)) };
      this.#gains.set(key, found);
    }
    return { goal, gain: found.gain };
  }

  #gain(elbow: number): Float64Array {
    const rest = Float64Array.of(0, elbow, 0, 0);
    const a = new Float64Array(16);
    const b = new Float64Array(8);
    const small = 1e-5;
    const column = (change: (sign: number) => ReacherState): Float64Array => {
      const [more, less] = [change(1), change(-1)];
      return more.map((value, i) => (value - less[i]!) / (2 * small));
    };
    for (let j = 0; j < 4; j++) {
      const moved = (sign: number): ReacherState => rest.map((value, i) => value + (i === j ? sign * small : 0));
      column((sign) => this.step(moved(sign), [0, 0])).forEach((value, i) => {
        a[4 * i + j] = value;
      });
    }
    for (let j = 0; j < 2; j++) {
      column((sign) => this.step(rest, [j === 0 ? sign * small : 0, j === 1 ? sign * small : 0])).forEach(
        (value, i) => {
          b[2 * i + j] = value;
        },
      );
    }
    return lqr({ a, b, states: 4, controls: 2 }, STATE_COST, [CONTROL_COST, CONTROL_COST]);
  }
}

/** Weights of angles (rad) and velocities (rad/s), and of torques (N·m): the arm arrives within a second and hardly overshoots. */
const STATE_COST = [1, 1, 0.05, 0.05];
const CONTROL_COST = 5;

/** Fingertip in the plane of the arm, metres. */
export function fingertip(state: ArrayLike<number>): Target {
  const [a, b] = LINKS;
  const both = state[0]! + state[1]!;
  return [a * Math.cos(state[0]!) + b * Math.cos(both), a * Math.sin(state[0]!) + b * Math.sin(both)];
}

/** Joint angles that bring the fingertip to the target with the elbow bent to the left; the nearest point where out of reach. */
export function inverseKinematics([x, y]: Target): Target {
  const [a, b] = LINKS;
  const cosine = (x * x + y * y - a * a - b * b) / (2 * a * b);
  const elbow = Math.acos(Math.max(-1, Math.min(1, cosine)));
  return [wrap(Math.atan2(y, x) - Math.atan2(b * Math.sin(elbow), a + b * Math.cos(elbow))), elbow];
}

function wrap(angle: number): number {
  return angle - 2 * Math.PI * Math.round(angle / (2 * Math.PI));
}
