import type { DoubleBuffer } from "@mujoco/mujoco";
import type { Data } from "../../arm/data.js";
import type { Model } from "../../arm/model.js";

/** What a state costs in a plan. States are positions then velocities, [2 nv]. Poses of `data` are up to date. */
export interface StateCost {
  /** The cost at one control step; with `expansion` also its gradient [2 nv] and Hessian [2 nv, 2 nv], overwritten. */
  at(data: Data, tick: number, expansion?: Expansion): number;
  delete(): void;
}

export interface Expansion {
  readonly gradient: Float64Array;
  readonly hessian: Float64Array;
}

/** Metres in the world. */
export type Point = readonly [x: number, y: number, z: number];

/** A site that shall be at a point, or at each control step at another. */
export interface SiteGoal {
  readonly site: string;
  readonly point: Point | ((tick: number) => Point);
}

/** Weights at one control step: of the squared distance, and of the distance itself for the last millimetres. */
export interface ReachWeights {
  readonly squared: number;
  readonly linear: number;
}

/** Keeps the linear term smooth near zero, m². */
const SMOOTHING = 1e-4;

/**
 * Sites to points, as Levine et al. 2016: Σ ½ w d² + l √(d² + 10⁻⁴), and ½ v² on joint velocities.
 * The Hessian is Gauss–Newton's: positive semi-definite.
 */
export class ReachCost implements StateCost {
  readonly #model: Model;
  readonly #goals: readonly { readonly site: number; readonly point: (tick: number) => Point }[];
  readonly #weights: (tick: number) => ReachWeights;
  readonly #velocity: number;
  readonly #jacobian: DoubleBuffer;

  constructor(
    model: Model,
    goals: readonly SiteGoal[],
    weights: (tick: number) => ReachWeights,
    velocityWeight: number,
  ) {
    this.#model = model;
    this.#goals = goals.map(({ site, point }) => ({
      site: model.id("site", site),
      point: typeof point === "function" ? point : () => point,
    }));
    this.#weights = weights;
    this.#velocity = velocityWeight;
    this.#jacobian = new model.mj.DoubleBuffer(3 * model.nv);
  }

  at(data: Data, tick: number, expansion?: Expansion): number {
    const { nv } = this.#model;
    const { squared, linear } = this.#weights(tick);
    expansion?.gradient.fill(0);
    expansion?.hessian.fill(0);
    let cost = 0;
    for (const { site, point } of this.#goals) {
      const places = data.arrays.get("site_xpos");
      const error = point(tick).map((value, k) => places[3 * site + k]! - value);
      const distance2 = error.reduce((sum, value) => sum + value * value, 0);
      const smooth = Math.sqrt(distance2 + SMOOTHING);
      cost += 0.5 * squared * distance2 + linear * smooth;
      if (expansion !== undefined) this.#expand(data, site, error, squared + linear / smooth, expansion);
    }
    const velocity = data.arrays.get("qvel");
    for (let i = 0; i < nv; i++) {
      cost += 0.5 * this.#velocity * velocity[i]! ** 2;
      if (expansion === undefined) continue;
      expansion.gradient[nv + i]! += this.#velocity * velocity[i]!;
      expansion.hessian[(nv + i) * 2 * nv + nv + i]! += this.#velocity;
    }
    return cost;
  }

  delete(): void {
    this.#jacobian.delete();
  }

  #expand(data: Data, site: number, error: readonly number[], weight: number, { gradient, hessian }: Expansion): void {
    const { mj, raw, nv } = this.#model;
    mj.mj_jacSite(raw, data.raw, this.#jacobian, null, site);
    const jacobian = this.#jacobian.GetView() as Float64Array;
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

/** Another cost, and ½ w |q − q*(t)|² for the distance from planned joint positions: gains that also hold the posture. */
export class PostureCost implements StateCost {
  readonly #cost: StateCost;
  readonly #states: readonly Float64Array[];
  readonly #weight: number;

  /** `states` are positions then velocities at each control step, [2 nv]; `weight` is per rad². */
  constructor(cost: StateCost, states: readonly Float64Array[], weight: number) {
    this.#cost = cost;
    this.#states = states;
    this.#weight = weight;
  }

  at(data: Data, tick: number, expansion?: Expansion): number {
    let cost = this.#cost.at(data, tick, expansion);
    const planned = this.#states[tick]!;
    const nv = planned.length / 2;
    const positions = data.arrays.get("qpos");
    for (let i = 0; i < nv; i++) {
      const away = positions[i]! - planned[i]!;
      cost += 0.5 * this.#weight * away * away;
      if (expansion === undefined) continue;
      expansion.gradient[i]! += this.#weight * away;
      expansion.hessian[i * 2 * nv + i]! += this.#weight;
    }
    return cost;
  }

  /** Frees the other cost. */
  delete(): void {
    this.#cost.delete();
  }
}
