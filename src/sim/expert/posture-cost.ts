import type { Data } from "../../arm/data.js";
import type { Expansion, StateCost } from "./state-cost.js";

/** Another cost plus ½ w |q − q*(t)|² for the distance from planned joint positions: gains that also hold the posture. */
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
