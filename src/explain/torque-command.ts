import type { Card } from "../policy/card-schema.js";

/** Torques to send to the arm, and what was changed about them. */
export interface Command {
  /** N·m, one a joint in the card's order, within the limits. */
  readonly torque: Float64Array;
  /** Joints whose torque was cut off at its limit. */
  readonly clipped: readonly string[];
  /** Why all torques are zero, one line; undefined where they are the policy's. */
  readonly problem?: string;
}

/** What to send where the policy went silent. */
export interface Silence {
  /** Zeros, one a joint. */
  readonly torque: Float64Array;
  /** Time since the last torque of the policy, milliseconds. */
  readonly forMs: number;
  /** Whether it begins: the time to report the error. */
  readonly begins: boolean;
}

export interface TorqueCommandOptions {
  /** Joint names, one a torque. */
  readonly joints: readonly string[];
  /** Largest |torque| of each joint, N·m (`torqueLimits`). */
  readonly limits: Float64Array;
  /** Seconds between two torques. */
  readonly controlPeriod: number;
  /** A clock, milliseconds; where it jumps back (simulated time) the watch begins anew. */
  readonly now: () => number;
}

/** Silence is an error beyond this many control periods. */
const PATIENCE = 2;

/**
 * Largest |torque| of each joint, N·m: the smaller of the card's and the robot's, infinite where neither is given.
 * @param efforts what the robot's description allows, by joint (`effortLimits`)
 */
export function torqueLimits({ joints, torque }: Card, efforts: ReadonlyMap<string, number> = new Map()): Float64Array {
  const { limits } = torque;
  return Float64Array.from(joints, (joint, j) => {
    const own = (Array.isArray(limits) ? limits[j] : limits) ?? Number.POSITIVE_INFINITY;
    return Math.min(own, efforts.get(joint) ?? Number.POSITIVE_INFINITY);
  });
}

/** Torque commands within limits, with a watchdog: where no torque comes for two control periods, zeros are due. */
export class TorqueCommand {
  readonly #options: TorqueCommandOptions;
  /** When the policy's last torque came; undefined where there is nothing to watch. */
  #last: number | undefined;
  #silent = false;

  constructor(options: TorqueCommandOptions) {
    this.#options = options;
  }

  /** The policy's torques as they may be sent. All are zero where one is not a number, or there are too few. */
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
   * To be asked at least once a control period: zeros to send, each time, while the policy is silent for more than two
   * control periods; undefined where all is well, or nothing was commanded yet.
   */
  watch(): Silence | undefined {
    const { joints, controlPeriod, now } = this.#options;
    if (this.#last === undefined) return undefined;
    const at = now();
    if (at < this.#last) this.#last = at;
    const forMs = at - this.#last;
    if (forMs <= PATIENCE * 1000 * controlPeriod) return undefined;
    const begins = !this.#silent;
    this.#silent = true;
    return { torque: new Float64Array(joints.length), forMs, begins };
  }

  /** Ends the watch: the zeros to leave behind where the policy commanded, else undefined. */
  stop(): Float64Array | undefined {
    if (this.#last === undefined) return undefined;
    this.#last = undefined;
    this.#silent = false;
    return new Float64Array(this.#options.joints.length);
  }
}
