import type { Data } from "../../arm/data.js";
import type { Model } from "../../arm/model.js";
import {
  addVelocityCost,
  type DistanceWeights,
  distanceCost,
  type Expansion,
  type Point,
  type Sites,
  type StateCost,
} from "./state-cost.js";

/** An error vector to drive to zero, and its weights. */
export interface WeightedError extends DistanceWeights {
  readonly error: readonly number[];
}

/** A task's cost, the same at every control step. */
export interface Pursuit {
  /** Errors of a posture, from the sites, the goal and the positions of all joints of the model. */
  errors(site: Sites, goal: Point, positions: Float64Array): readonly WeightedError[];
  /** Weights of ½ v² of the joints and ½ τ². */
  readonly velocityWeight: number;
  readonly controlWeight: number;
}

/** Step of the joints for central differences of the errors, rad or m. */
const STEP = 1e-6;

/**
 * Cost of a task's errors (`distanceCost`) and of joint velocities (½ w v²), independent of time. The errors may be any
 * smooth function of the posture; they are differentiated by central differences. The Hessian is Gauss–Newton's: positive semi-definite.
 */
export class PursuitCost implements StateCost {
  readonly #model: Model;
  readonly #pursuit: Pursuit;
  readonly #goal: Point;

  constructor(model: Model, pursuit: Pursuit, goal: Point) {
    this.#model = model;
    this.#pursuit = pursuit;
    this.#goal = goal;
  }

  at(data: Data, _tick: number, expansion?: Expansion): number {
    const errors = this.#errors(data);
    expansion?.gradient.fill(0);
    expansion?.hessian.fill(0);
    let sum = 0;
    const slopes = errors.map(({ error, ...weights }) => {
      const { cost, slope } = distanceCost(error, weights);
      sum += cost;
      return slope;
    });
    if (expansion !== undefined) this.#expand(data, errors, slopes, expansion);
    return addVelocityCost(sum, data, this.#pursuit.velocityWeight, expansion);
  }

  delete(): void {}

  #errors(data: Data): readonly WeightedError[] {
    const places = data.arrays.get("site_xpos");
    const site = (name: string): Point => {
      const at = 3 * this.#model.id("site", name);
      return [places[at]!, places[at + 1]!, places[at + 2]!];
    };
    return this.#pursuit.errors(site, this.#goal, data.arrays.get("qpos"));
  }

  /** Leaves the data as it was. */
  #expand(
    data: Data,
    errors: readonly WeightedError[],
    slopes: readonly number[],
    { gradient, hessian }: Expansion,
  ): void {
    const { nv } = this.#model;
    const positions = data.arrays.get("qpos");
    const moved = (i: number, by: number): readonly WeightedError[] => {
      const before = positions[i]!;
      positions[i] = before + by;
      data.kinematics();
      const found = this.#errors(data);
      positions[i] = before;
      return found;
    };
    // How each error changes with each joint, [nv] of [errors] of [elements].
    const jacobians = Array.from({ length: nv }, (_, i) => {
      const [more, less] = [moved(i, STEP), moved(i, -STEP)];
      return more.map(({ error }, k) => error.map((value, e) => (value - less[k]!.error[e]!) / (2 * STEP)));
    });
    data.kinematics();
    errors.forEach(({ error }, k) => {
      const slope = slopes[k]!;
      error.forEach((value, e) => {
        for (let i = 0; i < nv; i++) {
          const along = slope * jacobians[i]![k]![e]!;
          gradient[i]! += along * value;
          for (let j = 0; j < nv; j++) hessian[i * 2 * nv + j]! += along * jacobians[j]![k]![e]!;
        }
      });
    });
  }
}
