import { random } from "../../random.js";

export const LANES = 3;
/** Metres. */
export const LANE_WIDTH = 3.5;
/** Distance of the rails from the road's middle. */
export const RAIL = (LANES * LANE_WIDTH) / 2 + 0.5;

/** Distance of a lane's middle from the road's, metres to the left; lane 0 is the right one. */
export const laneMiddle = (lane: number): number => (lane - (LANES - 1) / 2) * LANE_WIDTH;

/** Largest curvature (1/m) of each of the two waves that a road's curvature is made of, and their lengths (m) over 2π. */
const BENDS = [0.005, 0.0025];
const LENGTHS = [80, 25];

/** A road without end. Places on it are metres along its middle. */
export class Road {
  readonly #phases: readonly number[];

  /** The road of an episode. */
  constructor(seed: number, episode: number) {
    const numbers = random(seed, episode, 1);
    this.#phases = BENDS.map(() => numbers.between(0, 2 * Math.PI));
  }

  /** 1/m, positive to the left. */
  curvature(place: number): number {
    return BENDS.reduce((sum, bend, i) => sum + bend * Math.sin(place / LENGTHS[i]! + this.#phases[i]!), 0);
  }

  /** Direction, rad, positive to the left, from an arbitrary one. */
  heading(place: number): number {
    return BENDS.reduce(
      (sum, bend, i) => sum - bend * LENGTHS[i]! * Math.cos(place / LENGTHS[i]! + this.#phases[i]!),
      0,
    );
  }
}
