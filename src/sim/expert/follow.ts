import type { Plan } from "./ilqr.js";

export interface FollowOptions {
  /** Commanded joints: the first ones of the state. */
  readonly joints: number;
  /** Last control step of the plan to follow, where the plan is at rest. */
  readonly last: number;
  /** Control steps to look ahead, so that the arm does not stall. */
  readonly ahead: number;
}

/** Weight of a squared velocity (rad/s)² against a squared angle (rad²) in the distance from a plan's states. */
const VELOCITY_WEIGHT = 0.003;
/** Width of the kernel around the nearest state, rad. */
const KERNEL = 0.02;

/**
 * Follows a plan by the state alone, without a clock: the control step nearest to the state (a mean weighted by a
 * kernel, so that it does not jump), plus a few steps, selects the torque and gains.
 */
export class Follower {
  readonly #plan: Plan;
  readonly #options: FollowOptions;

  constructor(plan: Plan, options: FollowOptions) {
    this.#plan = plan;
    this.#options = options;
  }

  /** Phase of a state on the plan, control steps, plus `ahead`. */
  phase(state: Float64Array): number {
    const { last, ahead } = this.#options;
    const distances = Array.from({ length: last + 1 }, (_, tick) => this.#distance(state, tick));
    const nearest = Math.min(...distances);
    const width = 2 * (KERNEL ** 2 + 0.1 * nearest);
    let sum = 0;
    let weights = 0;
    distances.forEach((distance, tick) => {
      const weight = Math.exp(-(distance - nearest) / width);
      sum += weight * tick;
      weights += weight;
    });
    return Math.min(last, sum / weights + ahead);
  }

  /** The plan's torque with its gains at a phase between two control steps, N·m, [joints]; not clipped. */
  torque(state: Float64Array, phase: number): Float64Array {
    const tick = Math.min(this.#options.last - 1, Math.floor(phase));
    const part = phase - tick;
    const [before, after] = [this.#at(state, tick), this.#at(state, tick + 1)];
    return before.map((value, j) => value + part * (after[j]! - value));
  }

  #distance(state: Float64Array, tick: number): number {
    const planned = this.#plan.states[tick]!;
    const nv = planned.length / 2;
    let sum = 0;
    for (let j = 0; j < this.#options.joints; j++) {
      sum += (state[j]! - planned[j]!) ** 2 + VELOCITY_WEIGHT * (state[nv + j]! - planned[nv + j]!) ** 2;
    }
    return sum;
  }

  #at(state: Float64Array, tick: number): Float64Array {
    const { states, controls, gains } = this.#plan;
    const planned = states[tick]!;
    const gain = gains[tick]!;
    return controls[tick]!.map((control, j) =>
      planned.reduce((sum, value, i) => sum + gain[j * planned.length + i]! * (state[i]! - value), control),
    );
  }
}
