import { readFile } from "node:fs/promises";
import { Arm } from "../../../arm/arm.js";
import { Data } from "../../../arm/data.js";
import type { Model } from "../../../arm/model.js";
import { modelFromXml } from "../../../arm/mujoco.js";
import { packageUrl } from "../../../package-files.js";
import { ControlStep } from "../../expert/linearise.js";
import type { Point } from "../../expert/state-cost.js";
import { clipped } from "../../expert/torque.js";
import { Camera } from "../../render/camera.js";
import type { Raster } from "../../render/raster.js";
import { Segmenter, type Sight } from "../../render/sight.js";
import { type ImagePoint, project, type View } from "../../render/view.js";
import type { Wrench } from "../task.js";

export const CONTROL_PERIOD = 0.05;
const SUBSTEPS = 5;
/** The body that carries the camera, and the site that is the arm's tip. */
const BENCH = "bench";
export const TIP = "ee";

/** Everything that a control step depends on, except the torque. Positions are in the arm's base frame, the world's. */
export interface Situation {
  /** Positions then velocities of all joints, [2 nv]; the commanded ones first. */
  readonly state: Float64Array;
  /** Position of the bench with its camera, metres. */
  readonly bench: Point;
  /** Position of the goal, metres. */
  readonly goal: Point;
  /** External wrench on the tip's link, N and N·m. */
  readonly wrench: Wrench;
}

/** A model file of `models/`, its commanded joints, and the mocap body that is the goal. */
export interface SceneOptions {
  readonly model: string;
  readonly joints: readonly string[];
  readonly goalBody: string;
  /** Size of the camera image, pixels. */
  readonly width: number;
  readonly height: number;
}

/** An arm before a bench with a camera and a goal, as pure functions of situation and torque. */
export class ArmScene {
  readonly arm: Arm;
  /** Largest torque of each joint, N·m. */
  readonly torqueLimit: Float64Array;
  /** For planners, with its own data: bench and goal are independent of the scene's. */
  readonly controlStep: ControlStep;
  readonly #data: Data;
  readonly #camera: Camera;
  readonly #segmenter: Segmenter;
  readonly #mocap: { readonly bench: number; readonly goal: number };
  readonly #tipBody: number;

  private constructor(
    readonly model: Model,
    private readonly options: SceneOptions,
  ) {
    const { joints, goalBody, width, height } = options;
    this.#data = new Data(model);
    this.#camera = new Camera(model, "camera", width, height);
    this.#segmenter = new Segmenter(model, { arm: "base_link", target: goalBody });
    this.arm = new Arm(model, joints, { site: TIP });
    this.torqueLimit = Float64Array.from(this.arm.limits, ({ effort }) => effort);
    this.controlStep = new ControlStep(model, SUBSTEPS);
    const mocap = model.arrays.get("body_mocapid");
    this.#mocap = { bench: mocap[model.id("body", BENCH)]!, goal: mocap[model.id("body", goalBody)]! };
    this.#tipBody = model.arrays.get("site_bodyid")[model.id("site", TIP)]!;
  }

  static async load(options: SceneOptions): Promise<ArmScene> {
    const file = packageUrl(`models/${options.model}`);
    const model = await modelFromXml(await readFile(file, "utf8"), `models/${options.model}`);
    return new ArmScene(model, options);
  }

  /** Sets the situation and updates the poses. The next call overwrites the returned data. */
  place(situation: Situation): Data {
    this.#set(situation);
    this.#data.kinematics();
    return this.#data;
  }

  /** The state one control step (5 physics steps) later, with the torque clipped to its limits. */
  step(situation: Situation, torque: ArrayLike<number>): Float64Array {
    const { arrays } = this.#data;
    this.#set(situation);
    arrays.get("ctrl").set(clipped(torque, this.torqueLimit, this.options.joints));
    this.#data.step(SUBSTEPS);
    const after = new Float64Array(situation.state.length);
    after.set(arrays.get("qpos"));
    after.set(arrays.get("qvel"), this.model.nv);
    return after;
  }

  /** Dynamics for planners with this goal. The next call overwrites its data. */
  stepsTowards(goal: Point): ControlStep {
    this.controlStep.data.arrays.get("mocap_pos").set(goal, 3 * this.#mocap.goal);
    return this.controlStep;
  }

  /** The camera's image. The next call overwrites the raster. */
  render(situation: Situation, turn = 0): Raster {
    return this.#camera.render(this.place(situation), turn);
  }

  /** Segmentation and depth of the camera's image. */
  sight(situation: Situation): Sight {
    return this.#segmenter.sight(this.render(situation));
  }

  /** Pose and optics of the camera. */
  view(situation: Situation): View {
    return this.#camera.view(this.place(situation));
  }

  imagePoint(situation: Situation, site: string): ImagePoint {
    return project(this.view(situation), this.site(this.place(situation), site));
  }

  /** Position of a site, metres. Poses of `data` must be up to date. */
  site(data: Data, name: string): Point {
    const at = 3 * this.model.id("site", name);
    const places = data.arrays.get("site_xpos");
    return [places[at]!, places[at + 1]!, places[at + 2]!];
  }

  /** Joint position (rad), joint velocity (rad/s), tip position (m) and tip velocity (m/s). */
  configuration(situation: Situation): Record<string, Float64Array> {
    const data = this.place(situation);
    const { state } = situation;
    const { nv } = this.model;
    return {
      joint_position: Float64Array.from(this.arm.positions, (at) => state[at]!),
      joint_velocity: Float64Array.from(this.arm.dofs, (at) => state[nv + at]!),
      end_effector_position: this.arm.tipPosition(data),
      end_effector_velocity: this.arm.tipVelocity(data),
    };
  }

  delete(): void {
    this.controlStep.delete();
    this.arm.delete();
    this.#data.delete();
    this.model.delete();
  }

  #set({ state, bench, goal, wrench }: Situation): void {
    const { arrays } = this.#data;
    const { nv } = this.model;
    arrays.get("qpos").set(state.subarray(0, nv));
    arrays.get("qvel").set(state.subarray(nv));
    arrays.get("qacc_warmstart").fill(0);
    arrays.get("mocap_pos").set(bench, 3 * this.#mocap.bench);
    arrays.get("mocap_pos").set(goal, 3 * this.#mocap.goal);
    arrays.get("xfrc_applied").set(wrench, 6 * this.#tipBody);
  }
}
