import type { Pursuit } from "../../expert/pursuit-cost.js";
import type { Point, Sites } from "../../expert/state-cost.js";
import type { ExpertSpec } from "./plan-expert.js";

/** State of an episode: see `TaskEpisode`. */
export interface Measure {
  readonly error: number;
  readonly progress: number;
  readonly success: boolean;
}

/** Position in the plane of the bench, metres. */
export type Place = readonly [x: number, y: number];

/** Description of a task of an arm before a bench. */
export interface ManipulationSpec {
  readonly name: string;
  /** Files of `models/` and `urdf/`. */
  readonly model: string;
  readonly robot: string;
  readonly joints: readonly string[];
  /** Control steps an episode. */
  readonly ticks: number;
  /** Positions of all joints of the model at the start, and the deviation of the noise on the commanded ones, rad. */
  readonly start: readonly number[];
  readonly startNoise: number;
  /** Conditions: position of the arm's base on the bench, metres from its default. */
  readonly bases: Readonly<Record<string, Place>>;
  /** The goal's body and site, and its place from the base at the base's default position, metres. */
  readonly goal: { readonly body: string; readonly place: Point; readonly site: string };
  /** Area for goals, metres from the base. */
  readonly area: { readonly low: Place; readonly high: Place };
  /** Parents of the robot's links, each after its parent; the last link carries the tip. */
  readonly links: Readonly<Record<string, string>>;
  /** Positions of the passive joints at a tick of the expert's plan, rad; by default those at the start. */
  passive?(tick: number): readonly number[];
  /** Measures an episode; `positions` are of all joints of the model. */
  measure(site: Sites, goal: Point, positions: Float64Array): Measure;
  readonly expert: ExpertSpec;
  /** Cost for planners that improve on a policy, which has no clock. */
  readonly pursuit: Pursuit;
}
