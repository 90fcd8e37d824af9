import type { TfMessage, TransformStamped } from "../messages/types.js";
import { stampOf } from "./stamp.js";
import type { Refusal } from "./stamp-gate.js";
import { type Reading, type SyncPolicy, Track } from "./track.js";

type Vector = readonly [x: number, y: number, z: number];
type Quaternion = readonly [x: number, y: number, z: number, w: number];

/** Pose of a frame in another: metres, unit quaternion. */
export interface Pose {
  readonly translation: Vector;
  readonly rotation: Quaternion;
}

interface Sample extends Pose {
  readonly stamp: bigint;
}

/** How a frame hangs on its parent: always the same way, or as the samples say. */
interface Link {
  readonly parent: string;
  readonly fixed: Pose | undefined;
  readonly track: Track<Sample>;
}

const IDENTITY: Pose = { translation: [0, 0, 0], rotation: [0, 0, 0, 1] };
/** A quaternion whose length differs from 1 by more than this is no rotation. */
const UNIT = 1e-2;
/** Frames between one and its root, at most: more are a circle. */
const DEEPEST = 256;

/** The frames that tf tells of, for as long as `horizon` nanoseconds; static ones for ever. */
export class TransformBuffer {
  readonly #links = new Map<string, Link>();

  constructor(readonly horizon: bigint) {}

  /** Takes in a message of `/tf`, or of `/tf_static`. What is no transform, or refused by its stamp, is left out. */
  add({ transforms }: TfMessage, isStatic: boolean, refusal: (stamp: bigint) => Refusal | undefined): Refusal[] {
    const problems: Refusal[] = [];
    for (const transform of transforms) {
      const parent = nameOf(transform.header.frame_id);
      const child = nameOf(transform.child_frame_id);
      const pose = poseOf(transform);
      if (!pose) {
        problems.push({ why: "not_a_number", reason: `${child} in ${parent}: expected numbers and a unit quaternion` });
        continue;
      }
      const stamp = stampOf(transform.header.stamp);
      const refused = isStatic ? undefined : refusal(stamp);
      if (refused) {
        problems.push({ ...refused, reason: `${child} in ${parent}: ${refused.reason}` });
        continue;
      }
      let link = this.#links.get(child);
      if (link?.parent !== parent || isStatic) {
        link = { parent, fixed: isStatic ? pose : undefined, track: new Track<Sample>(this.horizon) };
        this.#links.set(child, link);
      }
      if (!isStatic && !link.track.add({ ...pose, stamp }))
        problems.push({ why: "too_old", reason: `${child} in ${parent}: stamped long before what came before it` });
    }
    return problems;
  }

  /** Pose of `frame` in `base` at a stamp: every link between them by the same policy. */
  at(frame: string, base: string, stamp: bigint, policy: SyncPolicy, slop: bigint): Reading<Pose> {
    const up = this.#ancestors(frame);
    const down = this.#ancestors(base);
    const common = up.find((name) => down.includes(name));
    if (common === undefined) return { kind: "wait", reason: `tf: no way from ${frame} to ${base}` };
    const tip = this.#poseIn(up.slice(0, up.indexOf(common)), stamp, policy, slop);
    if (tip.kind !== "found") return tip;
    const origin = this.#poseIn(down.slice(0, down.indexOf(common)), stamp, policy, slop);
    if (origin.kind !== "found") return origin;
    return { kind: "found", value: relative(origin.value, tip.value) };
  }

  clear(): void {
    for (const { track } of this.#links.values()) track.clear();
  }

  /** A frame, its parent, and so on to the root. */
  #ancestors(frame: string): string[] {
    const names = [nameOf(frame)];
    while (names.length < DEEPEST) {
      const link = this.#links.get(names.at(-1)!);
      if (!link) break;
      names.push(link.parent);
    }
    return names;
  }

  /** Pose of the first frame in the parent of the last. */
  #poseIn(frames: readonly string[], stamp: bigint, policy: SyncPolicy, slop: bigint): Reading<Pose> {
    let pose = IDENTITY;
    for (const frame of frames) {
      const { fixed, track } = this.#links.get(frame)!;
      let step = fixed;
      if (!step) {
        const found = track.bracket(stamp, policy, slop);
        if (found.kind !== "found") return { ...found, reason: `tf: ${frame}: ${found.reason}` };
        const { before, after, weight } = found.value;
        step = weight === 0 ? before : between(before, after, weight);
      }
      pose = pose === IDENTITY ? step : composed(step, pose);
    }
    return { kind: "found", value: pose };
  }
}

/** Frame names of old had a slash in front. */
const nameOf = (frame: string): string => frame.replace(/^\//, "");

function poseOf({ transform: { translation, rotation } }: TransformStamped): Pose | undefined {
  const { x, y, z, w } = rotation;
  const length = Math.hypot(x, y, z, w);
  const position: Vector = [translation.x, translation.y, translation.z];
  if (!position.every(Number.isFinite) || !(Math.abs(length - 1) <= UNIT)) return undefined;
  return { translation: position, rotation: [x / length, y / length, z / length, w / length] };
}

/** Linear in place, along the shortest arc in rotation. */
function between(from: Pose, to: Pose, weight: number): Pose {
  const translation = from.translation.map((value, i) => value + weight * (to.translation[i]! - value));
  const dot = from.rotation.reduce((sum, value, i) => sum + value * to.rotation[i]!, 0);
  const angle = Math.acos(Math.min(1, Math.abs(dot)));
  const sine = Math.sin(angle);
  const [a, b] =
    sine < 1e-9 ? [1 - weight, weight] : [Math.sin((1 - weight) * angle) / sine, Math.sin(weight * angle) / sine];
  const sign = dot < 0 ? -1 : 1;
  const mixed = from.rotation.map((value, i) => a * value + sign * b * to.rotation[i]!);
  const length = Math.hypot(...mixed);
  return {
    translation: translation as unknown as Vector,
    rotation: mixed.map((value) => value / length) as unknown as Quaternion,
  };
}

/** Pose in the outer frame of what is posed in the inner one. */
function composed(outer: Pose, inner: Pose): Pose {
  const moved = rotated(outer.rotation, inner.translation);
  const [x, y, z] = outer.translation;
  return {
    translation: [x + moved[0], y + moved[1], z + moved[2]],
    rotation: product(outer.rotation, inner.rotation),
  };
}

/** Pose of `pose` seen from `origin`, both given in one frame. */
function relative(origin: Pose, pose: Pose): Pose {
  if (origin === IDENTITY) return pose;
  const [x, y, z, w] = origin.rotation;
  const back: Quaternion = [-x, -y, -z, w];
  const [i, j, k] = origin.translation;
  const [a, b, c] = pose.translation;
  return { translation: rotated(back, [a - i, b - j, c - k]), rotation: product(back, pose.rotation) };
}

function rotated(rotation: Quaternion, [x, y, z]: Vector): Vector {
  const [i, j, k, w] = rotation;
  const [a, b, c] = product(product(rotation, [x, y, z, 0]), [-i, -j, -k, w]);
  return [a, b, c];
}

function product([ax, ay, az, aw]: Quaternion, [bx, by, bz, bw]: Quaternion): Quaternion {
  return [
    aw * bx + ax * bw + ay * bz - az * by,
    aw * by - ax * bz + ay * bw + az * bx,
    aw * bz + ax * by - ay * bx + az * bw,
    aw * bw - ax * bx - ay * by - az * bz,
  ];
}
