import type { JointSpeed } from "../arm/joint-speeds.js";
import { apart, type Motion } from "./mixed-tracks.js";

/** A joint's state in one message. */
export interface JointSample {
  readonly stamp: bigint;
  /** rad or m. */
  readonly position: number;
  /** rad/s or m/s; NaN where none was sent. */
  readonly velocity: number;
  /** What a message tells about who sent it; empty where nothing. */
  readonly sender: string;
}

/** Room for a limit that is exceeded, as a factor. */
const OVER_LIMIT = 2;
/** Room for a velocity that changes between two samples: a factor, and rad/s or m/s. */
const OVER_VELOCITY = 3;
const START = 1;
/** Speed of a joint of which nothing is known, rad/s or m/s. */
const FASTEST = 10;
/** Noise of a position: rad, m. */
const NOISE = { angle: 0.02, length: 0.005 } as const;
/** Proof of several publishers where the joint's speed is known, and where it is not. */
const KNOWN = { switches: 6, publishers: 3 } as const;
const UNKNOWN = { switches: 12, publishers: 2 } as const;
const TURN = 2 * Math.PI;

/** How one joint moves from sample to sample: no faster than it can, and a whole turn is no motion. */
export class JointMotion implements Motion<JointSample> {
  /** True where velocities are sent that are not all 0, which some drivers fill in. */
  #tellsVelocity = false;
  speed: JointSpeed | undefined;

  saw({ velocity }: JointSample): void {
    this.#tellsVelocity ||= Number.isFinite(velocity) && velocity !== 0;
  }

  readonly distance = (a: JointSample, b: JointSample): number => {
    const difference = b.position - a.position;
    const turns = this.speed?.isLinear ? 0 : Math.round(difference / TURN);
    return Math.abs(difference - turns * TURN);
  };

  readonly reach = (a: JointSample, b: JointSample): number => {
    const noise = this.speed?.isLinear ? NOISE.length : NOISE.angle;
    return noise + (this.#fastest(a, b) ?? FASTEST) * (Number(apart(a, b)) / 1e9);
  };

  readonly proof = (a: JointSample, b: JointSample) => (this.#fastest(a, b) === undefined ? UNKNOWN : KNOWN);

  /** Largest speed between two samples that is plausible; undefined where nothing is known. */
  #fastest(a: JointSample, b: JointSample): number | undefined {
    const limit = this.speed?.limit;
    const told = Math.max(Math.abs(a.velocity), Math.abs(b.velocity));
    const bounds = [
      ...(limit === undefined ? [] : [OVER_LIMIT * limit]),
      ...(this.#tellsVelocity && Number.isFinite(told) ? [OVER_VELOCITY * told + START] : []),
    ];
    return bounds.length === 0 ? undefined : Math.min(...bounds);
  }
}
