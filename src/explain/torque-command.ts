import type { Card } from "../policy/card-schema.js";
import { outputsOf } from "../policy/outputs.js";

/** Torques to send to the arm. */
export interface Command {
  /** N·m, one a joint in the card's order, within the limits. */
  readonly torque: Float64Array;
  /** Joints whose torque was clipped to its limit. */
  readonly clipped: readonly string[];
  /** Why all torques are zero, one line; undefined where the policy's torques are sent. */
  readonly problem?: string;
}

/** What to send while the policy is silent. */
export interface Silence {
  /** Zeros, one a joint. */
  readonly torque: Float64Array;
  /** Time since the last torque of the policy, milliseconds. */
  readonly forMs: number;
  /** True the first time: report the error now. */
  readonly isNew: boolean;
}

export interface TorqueCommandOptions {
  /** Joint names, one a torque. */
  readonly joints: readonly string[];
  /** Largest |torque| of each joint, N·m (`torqueLimits`). */
  readonly limits: Float64Array;
  /** Seconds between two torques. */
  readonly controlPeriod: number;
  /** A clock, milliseconds. When it jumps back (simulated time) the watchdog starts again. */
  readonly now: () => number;
}

/** Longer silence, in control periods, is an error. */
const PATIENCE = 2;

/**
 * Largest |torque| of each joint, N·m: the smaller of the card's and the robot's limit; infinite without either.
 * @param efforts limits of the robot's description, by joint (`effortLimits`)
 */
export const torqueLimits = (card: Card, efforts: ReadonlyMap<string, number> = new Map()): Float64Array =>
  Float64Array.from(outputsOf(card), ({ name, limit = Number.POSITIVE_INFINITY }) =>
    Math.min(limit, efforts.get(name) ?? Number.POSITIVE_INFINITY),
  );

/** Torque commands within limits, with a watchdog: zeros when the policy gives no torque for two control periods. */
export class TorqueCommand {
  readonly #options: TorqueCommandOptions;
  /** Time of the policy's last torque; undefined where there is nothing to watch. */
  #last: number | undefined;
  #silent = false;

  constructor(options: TorqueCommandOptions) {
    this.#options = options;
  }

  /** The policy's torques, clipped to the limits. All are zero where one is not a number or their number is wrong. */
  command(torque: ArrayLike<number>): Command {
    const { joints, limits, now } = this.#options;
    this.#last = now();
    this.#silent = false;
    const zero = (problem: string): Command => ({ torque: new Float64Array(joints.length), clipped: [], problem });
    if (torque.length !== joints.length) return zero(`found ${torque.length} torques, expected ${joints.length}`);
    const wrong = joints.findIndex((_, j) => !Number.isFinite(torque[j]));
    if (wrong >= 0) return zero(`the torque of ${joints[wrong]} is ${torque[wrong]}, expected a number`);
    const within = Float64Array.from(limits, (limit, j) => Math.min(Math.max(torque[j]!, -limit), limit));
    return { torque: within, clipped: joints.filter((_, j) => within[j] !== torque[j]) };
  }

  /**
   * Call at least once a control period. Returns zeros to send while the policy is silent for more than two control
   * periods; undefined while torques come, and before the first one.
   */
  watch(): Silence | undefined {
    const { joints, controlPeriod, now } = this.#options;
    if (this.#last === undefined) return undefined;
    const at = now();
    if (at < this.#last) this.#last = at;
    const forMs = at - this.#last;
    if (forMs <= PATIENCE * 1000 * controlPeriod) return undefined;
    const isNew = !this.#silent;
    this.#silent = true;
    return { torque: new Float64Array(joints.length), forMs, isNew };
  }

  /** Ends the watchdog. Returns zeros to send last where the policy has commanded torques, else undefined. */
  stop(): Float64Array | undefined {
    if (this.#last === undefined) return undefined;
    this.#last = undefined;
    this.#silent = false;
    return new Float64Array(this.#options.joints.length);
  }
}
