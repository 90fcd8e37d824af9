import type { Pursuit } from "../../expert/pursuit-cost.js";
import type { Point, Sites } from "../../expert/state-cost.js";
import type { ExpertSpec } from "./plan-expert.js";

/** How an episode stands: see `Task`. */
export interface Measure {
  readonly error: number;
  readonly progress: number;
  readonly success: boolean;
}

/** Metres in the plane of the bench. */
export type Place = readonly [x: number, y: number];

/** A task of an arm before a bench: everything that tells it from others. */
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
  /** Conditions: where the arm's base stands on the bench, metres from its usual place. */
  readonly stands: Readonly<Record<string, Place>>;
  /** The goal's body and site, and its place from the base where that stands at its usual place, metres. */
  readonly goal: { readonly body: string; readonly place: Point; readonly site: string };
  /** Where goals may be moved to, metres from the base. */
  readonly area: { readonly low: Place; readonly high: Place };
  /** Parents of the robot's links, each after its parent. */
  readonly links: Readonly<Record<string, string>>;
  /** Where the joints that nothing commands are when an expert is at a tick of its plan, rad; at the start without. */
  passive?(tick: number): readonly number[];
  /** How things stand; `positions` are of all joints of the model. */
  measure(site: Sites, goal: Point, positions: Float64Array): Measure;
  readonly expert: ExpertSpec;
  /** What a policy is to do, which has no clock. */
  readonly pursuit: Pursuit;
}
