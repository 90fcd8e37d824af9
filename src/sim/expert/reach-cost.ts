import type { Data } from "../../arm/data.js";
import type { Model } from "../../arm/model.js";
import type { DoubleBuffer } from "../../arm/mujoco-types.js";
import {
  addVelocityCost,
  type DistanceWeights,
  distanceCost,
  type Expansion,
  type Point,
  type StateCost,
} from "./state-cost.js";

/** The point that a site is to reach, fixed or as a function of the control step. */
export interface SiteGoal {
  readonly site: string;
  readonly point: Point | ((tick: number) => Point);
}

/**
 * Cost of sites' distances from their points (`distanceCost`) and of joint velocities (½ w v²).
 * The Hessian is Gauss–Newton's: positive semi-definite.
 */
export class ReachCost implements StateCost {
  readonly #model: Model;
  readonly #goals: readonly { readonly site: number; readonly point: (tick: number) => Point }[];
  readonly #weights: (tick: number) => DistanceWeights;
  readonly #velocityWeight: number;
  readonly #jacobian: DoubleBuffer;

  constructor(
    model: Model,
    goals: readonly SiteGoal[],
    weights: (tick: number) => DistanceWeights,
    velocityWeight: number,
  ) {
    this.#model = model;
    this.#goals = goals.map(({ site, point }) => ({
      site: model.id("site", site),
      point: typeof point === "function" ? point : () => point,
    }));
    this.#weights = weights;
    this.#velocityWeight = velocityWeight;
    this.#jacobian = new model.mj.DoubleBuffer(3 * model.nv);
  }

  at(data: Data, tick: number, expansion?: Expansion): number {
    const weights = this.#weights(tick);
    expansion?.gradient.fill(0);
    expansion?.hessian.fill(0);
    let sum = 0;
    for (const { site, point } of this.#goals) {
      const places = data.arrays.get("site_xpos");
      const error = point(tick).map((value, k) => places[3 * site + k]! - value);
      const { cost, slope } = distanceCost(error, weights);
      sum += cost;
      if (expansion !== undefined) this.#expand(data, site, error, slope, expansion);
    }
    return addVelocityCost(sum, data, this.#velocityWeight, expansion);
  }

  delete(): void {
    this.#jacobian.delete();
  }

  #expand(data: Data, site: number, error: readonly number[], weight: number, { gradient, hessian }: Expansion): void {
    const { mj, raw, nv } = this.#model;
    mj.mj_jacSite(raw, data.raw, this.#jacobian, null, site);
    const jacobian = this.#jacobian.GetView();
    for (let i = 0; i < nv; i++) {
      for (let k = 0; k < 3; k++) {
        gradient[i]! += weight * jacobian[k * nv + i]! * error[k]!;
        for (let j = 0; j < nv; j++) {
          hessian[i * 2 * nv + j]! += weight * jacobian[k * nv + i]! * jacobian[k * nv + j]!;
        }
      }
    }
  }
}
