import type { Data } from "../../arm/data.js";
import type { Model } from "../../arm/model.js";
import { type Pose, type Quaternion, relative } from "../../arm/pose.js";
import type { Transform } from "../../explain/observation.js";

/**
 * Transforms of links from their parents, by name; a parent comes before its children, the root is `world`. Kinematics of
 * `data` must be up to date.
 */
export function linkTransforms(data: Data, model: Model, parents: Readonly<Record<string, string>>): Transform[] {
  const poses = new Map<string, Pose>([["world", { translation: [0, 0, 0], rotation: [0, 0, 0, 1] }]]);
  return Object.entries(parents).map(([child, parent]) => {
    const pose = bodyPose(data, model.id("body", child));
    poses.set(child, pose);
    return { parent, child, ...relative(poses.get(parent)!, pose) };
  });
}

/** Pose of a body. */
function bodyPose(data: Data, body: number): Pose {
  const [x, y, z] = data.arrays.get("xpos").subarray(3 * body);
  const [w, i, j, k] = data.arrays.get("xquat").subarray(4 * body);
  return { translation: [x!, y!, z!], rotation: [i!, j!, k!, w!] };
}

/** The optical frame of a camera (x right, y down, z forward: REP 103) from its axes right, up, back (row-major 3×3). */
export function opticalPose(position: Float64Array, axes: Float64Array): Pose {
  const flipped = axes.map((value, at) => (at % 3 === 0 ? value : -value));
  return { translation: [position[0]!, position[1]!, position[2]!], rotation: quaternion(flipped) };
}

/** Unit quaternion of a rotation matrix, by its largest component (Shepperd 1978). */
function quaternion(r: Float64Array): Quaternion {
  const at = (row: number, column: number): number => r[3 * row + column]!;
  const trace = at(0, 0) + at(1, 1) + at(2, 2);
  const squares = [at(0, 0), at(1, 1), at(2, 2)].map((diagonal) => 1 + 2 * diagonal - trace);
  squares.push(1 + trace);
  const largest = squares.indexOf(Math.max(...squares));
  const q = [0, 0, 0, 0];
  if (largest === 3) {
    q[0] = at(2, 1) - at(1, 2);
    q[1] = at(0, 2) - at(2, 0);
    q[2] = at(1, 0) - at(0, 1);
    q[3] = squares[3]!;
  } else {
    const [i, j, k] = [largest, (largest + 1) % 3, (largest + 2) % 3];
    q[i!] = squares[i!]!;
    q[j!] = at(i!, j!) + at(j!, i!);
    q[k!] = at(i!, k!) + at(k!, i!);
    q[3] = at(k!, j!) - at(j!, k!);
  }
  const length = Math.hypot(...q);
  return [q[0]! / length, q[1]! / length, q[2]! / length, q[3]! / length];
}
