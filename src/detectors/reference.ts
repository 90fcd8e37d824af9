import { InputError } from "../errors.js";
import { own, put } from "../own.js";
import type { ColourMap } from "./colour-map.js";
import type { Linear } from "./ridge.js";
import type { Misfits, Sample } from "./samples.js";
import type { Starts } from "./starts.js";
import type { ToldReference } from "./told.js";

/** How a camera's pictures look in good runs. */
export interface CameraReference {
  /** Least and largest value of each cell, [CELLS × CELLS × 3]. */
  readonly low: Float32Array;
  readonly high: Float32Array;
  /** Largest part of the cells outside of the other runs' range. */
  readonly novel: number;
  /** Colours of each cell and those around it. */
  readonly colours: ColourMap;
  /** Largest part of the cells whose colour is none of the other runs'. */
  readonly strange: number;
  /** Pictures with their poses. */
  readonly samples: readonly Sample[];
  /** Largest differences of a picture from the other runs' in the nearest poses; empty for a few runs. */
  readonly misfits: Misfits;
  /** Pictures at the starts of runs; undefined for a few runs. */
  readonly starts?: Starts;
  readonly sharpness: number;
  readonly bright: number;
  readonly dark: number;
  /** Largest part of the cells that change much from a tick to the next. */
  readonly change: number;
  /** Longest way of all joints together in a tick, rad. */
  readonly way: number;
  /** Longest way of all joints together, rad, without any change of the picture. */
  readonly still: number;
}

/** How a joint moves in good runs. */
export interface JointReference {
  readonly low: number;
  readonly high: number;
  /** Largest difference of a tick's motion by positions and by velocities, beyond what the change of velocity allows. */
  readonly slip: number;
}

/** How well the first camera's picture shows the joint positions, by the other runs' most similar pictures. */
export interface PoseReference {
  readonly camera: string;
  /** Largest and usual error, rad. */
  readonly error: Float64Array;
  readonly usual: Float64Array;
  /** Largest gain of a lag (`lagOf`) in good runs. */
  readonly gain: number;
}

/** How torques move the arm in good runs. */
export interface MotionReference {
  readonly model: Linear;
  readonly error: Float64Array;
  /** Largest torque of each joint, N·m: larger ones the arm may not follow. */
  readonly torque: Float64Array;
}

/** What is usual, from good runs of one policy. */
export interface Reference {
  readonly runs: number;
  readonly cameras: Readonly<Record<string, CameraReference>>;
  readonly joints: Readonly<Record<string, JointReference>>;
  /** Names of the joints in the order of the models' numbers. */
  readonly names: readonly string[];
  /** Of a policy that is told in words what to do. */
  readonly told?: ToldReference;
  readonly pose?: PoseReference;
  /** Change of the velocities in a tick, and the largest root mean square error over `MOTION_TICKS` ticks. */
  readonly motion?: MotionReference;
}

/**
 * A reference whose cameras have other names: topics in a recording, inputs of the policy live. A single camera is the other
 * single one; of several, each is the one whose topic has its name as a part.
 * @param source names it in errors
 * @throws InputError where cameras are not known by their names
 */
export function named(reference: Reference, names: readonly string[], source: string): Reference {
  const topics = Object.keys(reference.cameras);
  const cameras: Record<string, CameraReference> = {};
  const nameOf = new Map<string, string>();
  for (const name of names) {
    const fits = topics.filter((topic) => topic === name || topic.split("/").includes(name));
    const [topic, ...others] = topics.length === 1 && names.length === 1 ? topics : fits;
    if (topic === undefined || others.length > 0)
      throw new InputError(
        `${source}: found the cameras ${topics.join(", ") || "none"}, expected one whose topic has the part ${name}`,
      );
    put(cameras, name, own(reference.cameras, topic)!);
    nameOf.set(topic, name);
  }
  const { pose, ...rest } = reference;
  const camera = pose && nameOf.get(pose.camera);
  return { ...rest, cameras, ...(pose && camera !== undefined && { pose: { ...pose, camera } }) };
}

/** Ticks at the start of a run whose pictures are compared with other runs' starts. */
export const START_TICKS = 5;

/** Ticks over which errors of the motion are averaged. */
export const MOTION_TICKS = 12;

/** Levels by which a cell may leave the range. */
const CELL_MARGIN = 8;

/** Cells (index, without the colour) whose colour is outside of a range. NaN are left out. */
export function outside(cells: Float32Array, { low, high }: Pick<CameraReference, "low" | "high">): number[] {
  const found: number[] = [];
  for (let cell = 0; cell < cells.length / 3; cell++) {
    for (let c = 0; c < 3; c++) {
      const value = cells[3 * cell + c]!;
      if (value < low[3 * cell + c]! - CELL_MARGIN || value > high[3 * cell + c]! + CELL_MARGIN) {
        found.push(cell);
        break;
      }
    }
  }
  return found;
}

/** Levels by which a cell changes much. */
const MUCH = 40;

/** Cells (index, without the colour) that change much. */
export function changedCells(a: Float32Array, b: Float32Array): number[] {
  const found: number[] = [];
  for (let cell = 0; cell < a.length / 3; cell++) {
    const isMuch = [0, 1, 2].some((c) => Math.abs(a[3 * cell + c]! - b[3 * cell + c]!) > MUCH);
    if (isMuch) found.push(cell);
  }
  return found;
}

/** Part of the cells that change much. */
export const changed = (a: Float32Array, b: Float32Array): number => (3 * changedCells(a, b).length) / a.length;

/** Features of a tick for the model of the motion: torques, velocities and gravity by the pose. */
export function motionFeatures(
  position: ArrayLike<number>,
  velocity: ArrayLike<number>,
  torque: ArrayLike<number>,
): Float64Array {
  const features: number[] = [];
  const joints = torque.length;
  for (let i = 0; i < joints; i++) {
    const [q, v, tau] = [position[i]!, velocity[i]!, torque[i]!];
    features.push(tau, v, Math.sin(q), Math.cos(q));
    for (let k = 0; k < joints; k++) {
      features.push(tau * Math.cos(position[k]!), tau * Math.sin(position[k]!));
      if (k <= i) features.push(v * velocity[k]!);
    }
  }
  return Float64Array.from(features);
}
