import { readFile } from "node:fs/promises";
import { Arm } from "../../../arm/arm.js";
import { Data } from "../../../arm/data.js";
import type { Model } from "../../../arm/model.js";
import { modelFromXml } from "../../../arm/mujoco.js";
import { packageUrl } from "../../../package-files.js";
import { inverseKinematics } from "../../expert/inverse-kinematics.js";
import { ControlStep } from "../../expert/linearise.js";
import { lqr } from "../../expert/lqr.js";
import type { Point } from "../../expert/state-cost.js";
import { clipped } from "../../expert/torque.js";
import { Camera } from "../../render/camera.js";
import { Segmenter, type Sight } from "../../render/sight.js";
import { type ImagePoint, project, type View } from "../../render/view.js";
import type { Wrench } from "../task.js";

/** Positions then velocities of all joints of the model, the driven right arm's first, [28]: rad and rad/s. */
export type BaxterState = Float64Array;

export const CONTROL_PERIOD = 0.05;
const SUBSTEPS = 5;
/** Sites: the middle of the block in the right hand, the end of the left hand, the left wrist. */
export const TIP = "ee";
export const PALM = "left_palm";
const WRIST = "left_wrist";

const NAMES = ["s0", "s1", "e0", "e1", "w0", "w1", "w2"] as const;
/** The driven joints, shoulder first. */
export const RIGHT_JOINTS = NAMES.map((name) => `right_${name}`);
const LEFT_JOINTS = NAMES.map((name) => `left_${name}`);

/** Postures near which both arms reach, rad; the left one is the right one's mirror image. */
const RIGHT_REFERENCE = [-0.2, 0.35, 1.18, 1.84, 1.21, 0.2, 0] as const;
const MIRROR = [-1, 1, -1, 1, -1, 1, -1] as const;
const LEFT_REFERENCE = RIGHT_REFERENCE.map((angle, j) => MIRROR[j]! * angle);
/** Where the block is at the start, metres from the torso. */
const START: Point = [0.62, -0.32, 0.12];

const MODEL = "models/baxter.xml";

/**
 * Weights of the expert's LQR: joint positions (rad) and velocities (rad/s), and torques as parts of their limits.
 * The block arrives within a second or so and hardly overshoots.
 */
const POSITION_COST = 1;
const VELOCITY_COST = 0.1;
const CONTROL_COST = 0.5;

interface Controller {
  readonly key: string;
  /** Joint positions of the right arm with the block at the left hand. */
  readonly goal: Float64Array;
  /** [7, 14]. */
  readonly gain: Float64Array;
}

/** The two-armed robot as pure functions of state and torque. The left arm has no motors and stays where it is put. */
export class BaxterModel {
  /** The right arm. */
  readonly arm: Arm;
  /** Largest torque of each driven joint, N·m. */
  readonly torqueLimit: Float64Array;
  /** State at the start, left arm at its reference posture. */
  readonly start: BaxterState;
  readonly view: View;
  /** For planners, with its own data. */
  readonly controlStep: ControlStep;
  readonly #left: Arm;
  readonly #data: Data;
  readonly #camera: Camera;
  readonly #segmenter: Segmenter;
  readonly #tipBody: number;
  #controller: Controller | undefined;

  private constructor(
    readonly model: Model,
    width: number,
    height: number,
  ) {
    this.#data = new Data(model);
    this.#camera = new Camera(model, "camera", width, height);
    this.#data.kinematics();
    this.view = this.#camera.view(this.#data);
    this.arm = new Arm(model, RIGHT_JOINTS, { site: TIP });
    this.#left = new Arm(model, LEFT_JOINTS, { site: PALM });
    this.#segmenter = new Segmenter(model, { arm: "right_arm_mount", target: "left_hand" });
    this.#tipBody = model.id("body", "block");
    this.torqueLimit = Float64Array.from(this.arm.limits, ({ effort }) => effort);
    this.controlStep = new ControlStep(model, SUBSTEPS);
    this.start = new Float64Array(2 * model.nv);
    this.#put(this.start, this.arm, inverseKinematics(this.arm, START, RIGHT_REFERENCE));
    this.#put(this.start, this.#left, LEFT_REFERENCE);
  }

  /** Loads `models/baxter.xml`; the camera image has `width` × `height` pixels. */
  static async load(width: number, height: number): Promise<BaxterModel> {
    return new BaxterModel(await modelFromXml(await readFile(packageUrl(MODEL), "utf8"), MODEL), width, height);
  }

  /** The state with the left hand at a point, metres, at rest. */
  withLeftHandAt(point: Point, state: BaxterState): BaxterState {
    const moved = state.slice();
    this.#put(moved, this.#left, inverseKinematics(this.#left, point, LEFT_REFERENCE));
    for (const dof of this.#left.dofs) moved[this.model.nv + dof] = 0;
    return moved;
  }

  /** The state with the right arm `part` of the way from the start to the left hand, at rest. */
  onTheWay(state: BaxterState, part: number): BaxterState {
    const moved = state.slice();
    const goal = this.#goalOf(this.sites(state).palm);
    const angles = this.arm.positions.map((at, j) => this.start[at]! + part * (goal[j]! - this.start[at]!));
    this.#put(moved, this.arm, angles);
    for (const dof of this.arm.dofs) moved[this.model.nv + dof] = 0;
    return moved;
  }

  /** The state one control step (5 physics steps) later, with the torque clipped to its limits. */
  step(state: BaxterState, torque: ArrayLike<number>, wrench: Wrench): BaxterState {
    const { arrays } = this.#data;
    this.#set(state);
    arrays.get("ctrl").set(clipped(torque, this.torqueLimit, RIGHT_JOINTS));
    arrays.get("xfrc_applied").set(wrench, 6 * this.#tipBody);
    this.#data.step(SUBSTEPS);
    const after = new Float64Array(state.length);
    after.set(arrays.get("qpos"));
    after.set(arrays.get("qvel"), this.model.nv);
    return after;
  }

  /** Sets the state and updates the poses. The next call overwrites the returned data. */
  place(state: BaxterState): Data {
    this.#set(state);
    this.#data.kinematics();
    return this.#data;
  }

  /** The camera image, rgb8 [height, width, 3]. The next call overwrites the array. */
  render(state: BaxterState, turn = 0): Uint8Array {
    return this.#camera.render(this.place(state), turn).rgb;
  }

  /** Segmentation and depth of the camera image: the right arm with the block, and the left hand. */
  sight(state: BaxterState): Sight {
    return this.#segmenter.sight(this.#camera.render(this.place(state)));
  }

  /** Positions of block, left hand and left wrist, metres. */
  sites(state: BaxterState): Readonly<Record<"block" | "palm" | "wrist", Point>> {
    const places = this.place(state).arrays.get("site_xpos");
    const at = (name: string): Point => {
      const site = 3 * this.model.id("site", name);
      return [places[site]!, places[site + 1]!, places[site + 2]!];
    };
    return { block: at(TIP), palm: at(PALM), wrist: at(WRIST) };
  }

  /** Image positions of left hand, block and left wrist, pixels. */
  imagePoints(state: BaxterState): Readonly<Record<"target" | "fingertip" | "wrist", ImagePoint>> {
    const { block, palm, wrist } = this.sites(state);
    return {
      target: project(this.view, palm),
      fingertip: project(this.view, block),
      wrist: project(this.view, wrist),
    };
  }

  /** Positions (rad) and velocities (rad/s) of the right arm's joints. */
  configuration(state: BaxterState): { joint_position: Float64Array; joint_velocity: Float64Array } {
    return {
      joint_position: Float64Array.from(this.arm.positions, (at) => state[at]!),
      joint_velocity: Float64Array.from(this.arm.dofs, (at) => state[this.model.nv + at]!),
    };
  }

  /** The torque of a discrete LQR at the posture with the block at the left hand, clipped to the limits, N·m. */
  expert(state: BaxterState): Float64Array {
    const { goal, gain } = this.#controllerOf(state);
    const { joint_position: position, joint_velocity: velocity } = this.configuration(state);
    const error = [...position.map((angle, j) => angle - goal[j]!), ...velocity];
    return this.torqueLimit.map((limit, j) => {
      const torque = -error.reduce((sum, value, i) => sum + gain[j * error.length + i]! * value, 0);
      return Math.max(-limit, Math.min(limit, torque));
    });
  }

  delete(): void {
    this.controlStep.delete();
    this.#left.delete();
    this.arm.delete();
    this.#data.delete();
    this.model.delete();
  }

  #goalOf(palm: Point): Float64Array {
    return inverseKinematics(this.arm, palm, RIGHT_REFERENCE);
  }

  /** The last one is kept: it follows from where the left hand is. */
  #controllerOf(state: BaxterState): Controller {
    const { palm } = this.sites(state);
    const key = palm.join();
    if (this.#controller?.key !== key) {
      const goal = this.#goalOf(palm);
      this.#controller = { key, goal, gain: this.#gain(state, goal) };
    }
    return this.#controller;
  }

  /** LQR gain of the right arm at rest in a posture, [7, 14]. */
  #gain(state: BaxterState, posture: Float64Array): Float64Array {
    const { nv } = this.model;
    const rest = state.slice();
    rest.fill(0, nv);
    this.#put(rest, this.arm, posture);
    const { a, b, states } = this.controlStep.linearise(rest, new Float64Array(this.torqueLimit.length));
    const kept = [...this.arm.dofs, ...this.arm.dofs.map((dof) => nv + dof)];
    const joints = this.torqueLimit.length;
    const dynamics = {
      a: Float64Array.from(kept.flatMap((row) => kept.map((column) => a[row * states + column]!))),
      b: Float64Array.from(kept.flatMap((row) => [...b.subarray(row * joints, (row + 1) * joints)])),
      states: kept.length,
      controls: joints,
    };
    const stateCost = kept.map((_, i) => (i < joints ? POSITION_COST : VELOCITY_COST));
    return lqr(
      dynamics,
      stateCost,
      [...this.torqueLimit].map((limit) => CONTROL_COST / limit ** 2),
    );
  }

  #put(state: BaxterState, arm: Arm, angles: ArrayLike<number>): void {
    arm.positions.forEach((at, j) => {
      state[at] = angles[j]!;
    });
  }

  #set(state: BaxterState): void {
    const { arrays } = this.#data;
    const { nv } = this.model;
    arrays.get("qpos").set(state.subarray(0, nv));
    arrays.get("qvel").set(state.subarray(nv));
    arrays.get("qacc_warmstart").fill(0);
  }
}
