import { InputError } from "../errors.js";
import { parseUrdf, type Urdf } from "../urdf/urdf.js";

/** How a joint can move, by the robot's description. */
export interface JointSpeed {
  /** rad/s or m/s; undefined where it is not limited. */
  readonly limit: number | undefined;
  /** True for a joint that slides: a turn of 2π is no return to the same place. */
  readonly isLinear: boolean;
}

/** By the name of the joint. */
export type JointSpeeds = ReadonlyMap<string, JointSpeed>;

export function speedsOf({ joints }: Urdf): JointSpeeds {
  return new Map(joints.map(({ name, velocity, type }) => [name, { limit: velocity, isLinear: type === "prismatic" }]));
}

/** As `speedsOf` for a URDF's text; undefined for a text that is none. */
export function speedsIn(urdf: string): JointSpeeds | undefined {
  try {
    return speedsOf(parseUrdf(urdf, "robot_description"));
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}
