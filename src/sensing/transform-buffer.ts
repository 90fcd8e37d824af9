import { between, composed, type Pose, relative, type Vector } from "../arm/pose.js";
import type { TfMessage, TransformStamped } from "../messages/types.js";
import { stampOf } from "./stamp.js";
import type { Refusal } from "./stamp-gate.js";
import type { Reading, SyncPolicy } from "./timeline.js";
import { Track } from "./track.js";

interface Sample extends Pose {
  readonly stamp: bigint;
}

/** A frame's pose in its parent: fixed, or in samples. */
interface Link {
  readonly parent: string;
  readonly fixed: Pose | undefined;
  readonly track: Track<Sample>;
}

const IDENTITY: Pose = { translation: [0, 0, 0], rotation: [0, 0, 0, 1] };
/** Largest difference of a quaternion's length from 1. */
const UNIT = 1e-2;
/** Largest depth of a frame below its root: a deeper one is a cycle. */
const DEEPEST = 256;

/** Frames of tf, kept for `horizon` nanoseconds; static ones are kept for ever. */
export class TransformBuffer {
  readonly #links = new Map<string, Link>();

  constructor(readonly horizon: bigint) {}

  /** Adds a message of `/tf` or `/tf_static`. Leaves out and reports bad transforms and those with a refused stamp. */
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
        problems.push({
          why: "too_old",
          reason: `${child} in ${parent}: stamped too long before its newest transform`,
        });
    }
    return problems;
  }

  /** Pose of `frame` in `base` at a stamp; every link between them by the same policy. */
  at(frame: string, base: string, stamp: bigint, policy: SyncPolicy, slop: bigint): Reading<Pose> {
    const up = this.#ancestors(frame);
    const down = this.#ancestors(base);
    const common = up.find((name) => down.includes(name));
    if (common === undefined) return { kind: "wait", reason: `tf: ${frame} and ${base} are not connected` };
    const tip = this.#poseIn(up.slice(0, up.indexOf(common)), stamp, policy, slop);
    if (tip.kind !== "found") return tip;
    const origin = this.#poseIn(down.slice(0, down.indexOf(common)), stamp, policy, slop);
    if (origin.kind !== "found") return origin;
    // A pose in the parent frame is exactly the one that was sent.
    return { kind: "found", value: origin.value === IDENTITY ? tip.value : relative(origin.value, tip.value) };
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

/** Old publishers put a slash before frame names. */
const nameOf = (frame: string): string => frame.replace(/^\//, "");

function poseOf({ transform: { translation, rotation } }: TransformStamped): Pose | undefined {
  const { x, y, z, w } = rotation;
  const length = Math.hypot(x, y, z, w);
  const position: Vector = [translation.x, translation.y, translation.z];
  if (!position.every(Number.isFinite) || !(Math.abs(length - 1) <= UNIT)) return undefined;
  return { translation: position, rotation: [x / length, y / length, z / length, w / length] };
}
