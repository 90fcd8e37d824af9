import type { JointSpeeds } from "../arm/joint-speeds.js";
import type { JointStateMessage } from "../messages/types.js";
import type { MISSING_VELOCITY } from "../policy/card-schema.js";
import { JointMotion, type JointSample } from "./joint-motion.js";
import { JointTrack } from "./joint-track.js";
import { apart, MixedTracks } from "./mixed-tracks.js";
import { durationText } from "./stamp.js";
import type { Refusal } from "./stamp-gate.js";
import type { Reading, SyncPolicy } from "./timeline.js";

/** Joints at one stamp, in the order of the buffer's names. */
export interface JointReading {
  /** rad or m. */
  readonly position: Float64Array;
  /** rad/s or m/s. */
  readonly velocity: Float64Array;
  /** True where a velocity was not sent and is a difference of positions. */
  readonly isDifferentiated: boolean;
  /** True where the states of a joint come from several publishers: the pose is perhaps none that the arm had. */
  readonly isMixed: boolean;
}

export interface JointBufferOptions {
  /** What to do with a sample without velocity: refuse it, or differentiate positions and flag it. */
  readonly missingVelocity: (typeof MISSING_VELOCITY)[number];
  /** True where the velocities are used. If not, a missing one is never refused. */
  readonly needsVelocity: boolean;
  /** Control period, nanoseconds. */
  readonly controlPeriod: bigint;
  /** How long samples are kept, nanoseconds. */
  readonly horizon: bigint;
  /** Called for a message whose joints come mixed with those of another publisher. @param reason one line, now and then */
  readonly mixed?: (reason: string | undefined) => void;
}

/** Shortest time between two positions that are differentiated, nanoseconds: closer ones give noise. */
const SHORTEST = 1_000_000n;
/** Longest time between them, in control periods or in slops, whichever is longer: room for jitter. */
const LONGEST = 2n;
/** Time until mixed publishers are told of again, nanoseconds. */
const AGAIN = 1_000_000_000n;

/**
 * The latest states of the joints that a policy needs, by joint name, from any number of publishers. A message may hold
 * other joints too, or only some of these. The result depends only on the messages and their order.
 */
export class JointBuffer {
  readonly #tracks: readonly JointTrack[];
  readonly #motions: readonly JointMotion[];
  readonly #publishers: readonly MixedTracks<JointSample>[];
  #toldAt: bigint | undefined;

  constructor(
    readonly names: readonly string[],
    private readonly options: JointBufferOptions,
  ) {
    this.#tracks = names.map(() => new JointTrack(options.horizon));
    this.#motions = names.map(() => new JointMotion());
    this.#publishers = this.#motions.map((motion) => new MixedTracks(motion));
  }

  /** Takes how fast joints can move, by name. */
  set speeds(speeds: JointSpeeds) {
    for (const [j, motion] of this.#motions.entries()) motion.speed = speeds.get(this.names[j]!);
  }

  /**
   * Adds the joints of a message; leaves out and reports a joint that is not a number.
   * @param publisher who sent it, where that is known
   */
  add({ header, name, position, velocity }: JointStateMessage, stamp: bigint, publisher?: string): Refusal[] {
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
    const jumps: Jump[] = [];
    const sender = publisher ?? `frame_id "${header.frame_id}", ${name.length} joints`;
    for (const [j, place] of places.entries()) {
      if (place < 0) continue;
      const sample = { stamp, position: position[place]!, velocity: velocity[place] ?? Number.NaN, sender };
      const problem = this.#addJoint(j, sample);
      if (problem) problems.push(problem);
      else jumps.push(...this.#jump(j, sample));
    }
    if (jumps.length > 0) this.#tell(jumps, stamp);
    return problems;
  }

  /** The joints at a stamp; at a message's own stamp, the numbers as they were sent. */
  at(stamp: bigint, policy: SyncPolicy, slop: bigint): Reading<JointReading> {
    const position = new Float64Array(this.names.length);
    const velocity = new Float64Array(this.names.length);
    const longest = LONGEST * (slop > this.options.controlPeriod ? slop : this.options.controlPeriod);
    let isDifferentiated = false;
    let waiting: Reading<JointReading> | undefined;
    for (const [j, track] of this.#tracks.entries()) {
      const found = track.bracketAt(stamp, policy, slop);
      if (found.kind !== "found") {
        const reason = `joint ${this.names[j]}: ${whyNot(track, stamp, found.reason)}`;
        if (found.kind === "miss") return { kind: "miss", reason };
        waiting ??= { kind: "wait", reason };
        continue;
      }
      const { before, after, weight } = found.value;
      position[j] = mixed(track.positionAt(before), track.positionAt(after), weight);
      velocity[j] = mixed(this.#velocity(track, before, longest), this.#velocity(track, after, longest), weight);
      if (Number.isNaN(track.velocityAt(before)) || Number.isNaN(track.velocityAt(after))) {
        const refusal = this.#refusal(j, velocity[j]!, longest);
        if (refusal !== undefined) return { kind: "miss", reason: refusal };
        if (Number.isNaN(velocity[j])) velocity[j] = 0;
        isDifferentiated = true;
      }
    }
    const isMixed = this.#publishers.some((publishers) => publishers.isMixed(stamp));
    return waiting ?? { kind: "found", value: { position, velocity, isDifferentiated, isMixed } };
  }

  clear(): void {
    for (const kept of [...this.#tracks, ...this.#publishers]) kept.clear();
    this.#toldAt = undefined;
  }

  /** The jump of a joint from another publisher's state to this one, where they are mixed. */
  #jump(j: number, sample: JointSample): Jump[] {
    const motion = this.#motions[j]!;
    motion.saw(sample);
    const before = this.#publishers[j]!.add(sample);
    return before ? [{ joint: this.names[j]!, before, sample, distance: motion.distance(before, sample) }] : [];
  }

  #tell(jumps: readonly Jump[], stamp: bigint): void {
    const isNew = this.#toldAt === undefined || apart({ stamp: this.#toldAt }, { stamp }) >= AGAIN;
    if (isNew) this.#toldAt = stamp;
    this.options.mixed?.(isNew ? jumpText(jumps) : undefined);
  }

  #addJoint(j: number, { stamp, position, velocity }: JointSample): Refusal | undefined {
    const joint = this.names[j]!;
    if (!Number.isFinite(position)) {
      return { why: "not_a_number", reason: `position of joint ${joint} is ${position}, expected a number` };
    }
    if (this.#tracks[j]!.add(stamp, position, Number.isFinite(velocity) ? velocity : Number.NaN)) return undefined;
    return { why: "too_old", reason: `joint ${joint}: stamped too long before the newest joint state` };
  }

  /** The velocity sent with the `i`th sample, else the mean velocity since the sample before; NaN without either. */
  #velocity(track: JointTrack, i: number, longest: bigint): number {
    const sent = track.velocityAt(i);
    if (!Number.isNaN(sent)) return sent;
    const stamp = track.stampAt(i)!;
    for (let earlier = i - 1; earlier >= 0; earlier--) {
      const elapsed = stamp - track.stampAt(earlier)!;
      if (elapsed < SHORTEST) continue;
      if (elapsed > longest && this.options.needsVelocity) break;
      return (track.positionAt(i) - track.positionAt(earlier)) / (Number(elapsed) / 1e9);
    }
    return Number.NaN;
  }

  /** Why a velocity that was not sent cannot be used; undefined where it can. */
  #refusal(j: number, differentiated: number, longest: bigint): string | undefined {
    const { needsVelocity, missingVelocity } = this.options;
    if (!needsVelocity) return undefined;
    const joint = `joint ${this.names[j]}`;
    if (missingVelocity === "refuse") {
      return `${joint}: no velocity, expected one, or "missing_velocity: differentiate" in the card`;
    }
    if (!Number.isNaN(differentiated)) return undefined;
    const span = `${Number(longest) / 1e6} ms`;
    return `${joint}: no velocity, and no position in the ${span} before (a larger sync_slop allows more)`;
  }
}

/** A joint that jumps from one publisher's state to another's. */
interface Jump {
  readonly joint: string;
  readonly before: JointSample;
  readonly sample: JointSample;
  readonly distance: number;
}

function jumpText(jumps: readonly Jump[]): string {
  const { before, sample, distance } = jumps.reduce((most, jump) => (jump.distance > most.distance ? jump : most));
  const joints = jumps.map(({ joint }) => joint).join(", ");
  const senders = before.sender === sample.sender ? "" : ` (${[before.sender, sample.sender].sort().join("; ")})`;
  const [one, two] = [before.position, sample.position].sort((a, b) => a - b).map((x) => x.toFixed(2));
  return (
    `${jumps.length === 1 ? "joint" : "joints"} ${joints}: positions jump to and fro, ${distance.toFixed(2)} within ` +
    `${durationText(apart(before, sample))} (${one} and ${two}), as if several publishers send different states of one arm` +
    `${senders}; expected one publisher a joint`
  );
}

/** Exactly `from` at weight 0. */
const mixed = (from: number, to: number, weight: number): number => (weight === 0 ? from : from + weight * (to - from));

/** Why there is no state of a joint at a stamp. Drivers that do not stamp their messages leave 0. */
function whyNot(track: JointTrack, stamp: bigint, reason: string): string {
  if (track.length === 0) return "no message";
  return track.stampAt(track.length - 1) === 0n && stamp > 0n ? "its states are stamped 0" : reason;
}
