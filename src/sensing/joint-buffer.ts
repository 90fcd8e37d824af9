import type { JointStateMessage } from "../messages/types.js";
import type { MISSING_VELOCITY } from "../policy/card-schema.js";
import type { Refusal } from "./stamp-gate.js";
import { type Bracket, type Reading, type SyncPolicy, Track } from "./track.js";

/** Joints at one stamp, in the order of the buffer's names. */
export interface JointReading {
  /** rad or m. */
  readonly position: Float64Array;
  /** rad/s or m/s. */
  readonly velocity: Float64Array;
  /** Whether a velocity is a difference of positions, because none was sent. */
  readonly isDifferentiated: boolean;
}

export interface JointBufferOptions {
  /** What a sample without a velocity is good for: refused, or differentiated and flagged. */
  readonly missingVelocity: (typeof MISSING_VELOCITY)[number];
  /** Whether the velocities are used. Where they are not, a missing one is never refused. */
  readonly needsVelocity: boolean;
  /** How long samples are kept, nanoseconds. */
  readonly horizon: bigint;
}

interface Sample {
  readonly stamp: bigint;
  readonly position: number;
  /** NaN where none was sent. */
  readonly velocity: number;
}

/** Positions this much apart in time or more are differentiated, nanoseconds: closer ones make noise. */
const SHORTEST = 1_000_000n;

/**
 * The latest states of the joints that a policy needs, from any number of publishers, each joint by its name. A message
 * may hold more joints, or some of them. All that it gives follows from the messages and their order.
 */
export class JointBuffer {
  readonly #tracks: readonly Track<Sample>[];

  constructor(
    readonly names: readonly string[],
    private readonly options: JointBufferOptions,
  ) {
    this.#tracks = names.map(() => new Track<Sample>(options.horizon));
  }

  /** Takes in what a message tells of the joints; a joint that is not a number is left out and told of. */
  add({ name, position, velocity }: JointStateMessage, stamp: bigint): Refusal[] {
    const places = this.names.map((wanted) => name.indexOf(wanted));
    if (places.every((place) => place < 0)) return [];
    const twice = this.names.find((wanted, j) => name.indexOf(wanted, places[j]! + 1) > places[j]! && places[j]! >= 0);
    if (twice !== undefined) return [{ why: "malformed", reason: `joint ${twice} is named twice, expected once` }];
    for (const [what, values] of [["positions", position] as const, ["velocities", velocity] as const]) {
      if (values.length === name.length || (what === "velocities" && values.length === 0)) continue;
      const expected = `${name.length}, one a joint${what === "velocities" ? ", or none" : ""}`;
      return [{ why: "malformed", reason: `found ${values.length} ${what}, expected ${expected}` }];
    }
    const problems: Refusal[] = [];
    for (const [j, place] of places.entries()) {
      if (place < 0) continue;
      const problem = this.#addJoint(j, { stamp, position: position[place]!, velocity: velocity[place] ?? Number.NaN });
      if (problem) problems.push(problem);
    }
    return problems;
  }

  /** The joints at a stamp; an exact one gives the very numbers that were sent. */
  at(stamp: bigint, policy: SyncPolicy, slop: bigint): Reading<JointReading> {
    const position = new Float64Array(this.names.length);
    const velocity = new Float64Array(this.names.length);
    let isDifferentiated = false;
    let waiting: Reading<JointReading> | undefined;
    for (const [j, track] of this.#tracks.entries()) {
      const found = track.bracket(stamp, policy, slop);
      if (found.kind !== "found") {
        const reason = `joint ${this.names[j]}: ${track.newest ? found.reason : "not heard of"}`;
        if (found.kind === "miss") return { kind: "miss", reason };
        waiting ??= { kind: "wait", reason };
        continue;
      }
      const { before, after, weight } = found.value;
      position[j] = mixed(before.position, after.position, weight);
      velocity[j] = mixed(this.#velocity(track, before, slop), this.#velocity(track, after, slop), weight);
      if (isMissing(found.value)) {
        const refusal = this.#refusal(j, velocity[j]!);
        if (refusal !== undefined) return { kind: "miss", reason: refusal };
        if (Number.isNaN(velocity[j])) velocity[j] = 0;
        isDifferentiated = true;
      }
    }
    return waiting ?? { kind: "found", value: { position, velocity, isDifferentiated } };
  }

  clear(): void {
    for (const track of this.#tracks) track.clear();
  }

  #addJoint(j: number, sample: Sample): Refusal | undefined {
    const joint = this.names[j]!;
    if (!Number.isFinite(sample.position)) {
      return { why: "not_a_number", reason: `position of joint ${joint} is ${sample.position}, expected a number` };
    }
    const velocity = Number.isFinite(sample.velocity) ? sample.velocity : Number.NaN;
    if (this.#tracks[j]!.add({ ...sample, velocity })) return undefined;
    return { why: "too_old", reason: `joint ${joint}: stamped long before what came before it` };
  }

  /** The velocity that was sent, or the mean one since the sample before; NaN where there is none. */
  #velocity(track: Track<Sample>, sample: Sample, slop: bigint): number {
    if (!Number.isNaN(sample.velocity)) return sample.velocity;
    for (let i = track.indexAt(sample.stamp) - 1; i >= 0; i--) {
      const earlier = track.at(i)!;
      const elapsed = sample.stamp - earlier.stamp;
      if (elapsed < SHORTEST) continue;
      if (elapsed > slop && this.options.needsVelocity) break;
      return (sample.position - earlier.position) / (Number(elapsed) / 1e9);
    }
    return Number.NaN;
  }

  /** Why a velocity that was not sent is not to be used; undefined where it is. */
  #refusal(j: number, differentiated: number): string | undefined {
    const { needsVelocity, missingVelocity } = this.options;
    if (!needsVelocity) return undefined;
    const joint = `joint ${this.names[j]}`;
    if (missingVelocity === "refuse") {
      return `${joint}: no velocity, expected one, or "missing_velocity: differentiate" in the card`;
    }
    return Number.isNaN(differentiated) ? `${joint}: no velocity, and no position shortly before` : undefined;
  }
}

const isMissing = ({ before, after }: Bracket<Sample>): boolean =>
  Number.isNaN(before.velocity) || Number.isNaN(after.velocity);

/** Exactly `from` at weight 0. */
const mixed = (from: number, to: number, weight: number): number => (weight === 0 ? from : from + weight * (to - from));
