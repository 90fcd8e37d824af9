import type { Random } from "../sim/random.js";
import { fingertip, ReacherModel, type ReacherState, type Target } from "../sim/reacher-model.js";
import type { ImagePoint } from "../sim/view.js";
import type { Scene } from "./scene.js";

/** Distance of targets from the shoulder, metres: a little beyond where they can be. */
const TARGET_RADIUS = [0.05, 0.245] as const;

/** Share of frames with the target within 3 cm of the fingertip, as at the end of every episode. */
const CLOSE = 0.3;

/** The reacher in any pose, with a target anywhere in reach. */
export class ReacherScene implements Scene {
  readonly #arm: ReacherModel;
  #state: ReacherState = new Float64Array(4);
  #target: Target = [0, 0];

  private constructor(arm: ReacherModel) {
    this.#arm = arm;
  }

  static async load(width: number, height: number): Promise<ReacherScene> {
    return new ReacherScene(await ReacherModel.load(width, height));
  }

  draw(source: Random): void {
    this.#state = this.#arm.randomState(source);
    this.#target = source.uniform() < CLOSE ? nearby(this.#state, source) : anywhere(source);
  }

  image(): Uint8Array {
    return this.#arm.render(this.#state, this.#target);
  }

  points(): Readonly<Record<string, ImagePoint>> {
    return this.#arm.imagePoints(this.#state, this.#target);
  }
}

function anywhere(source: Random): Target {
  const angle = source.between(-Math.PI, Math.PI);
  const distance = source.between(...TARGET_RADIUS);
  return [distance * Math.cos(angle), distance * Math.sin(angle)];
}

function nearby(state: ReacherState, source: Random): Target {
  const [x, y] = fingertip(state);
  return [x + source.between(-0.03, 0.03), y + source.between(-0.03, 0.03)];
}
