import type { JointSpeeds } from "../arm/joint-speeds.js";
import type { OtherStates } from "../arm/other-joints.js";
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
  /** The joints that are followed besides, as far as they were heard. */
  readonly others: OtherStates;
  /** Those of them that carry the end effector and were never heard. */
  readonly unheard: readonly string[];
}

/** A joint of the buffer. */
class HeardJoint {
  readonly track: JointTrack;
  readonly motion = new JointMotion();
  readonly publishers = new MixedTracks(this.motion);

  constructor(
    readonly name: string,
    horizon: bigint,
  ) {
    this.track = new JointTrack(horizon);
  }

  clear(): void {
    this.track.clear();
    this.publishers.clear();
  }
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
/** Number of other joints that are remembered; all but the last are named. */
const STRANGERS = 8;
/** Time until mixed publishers are told of again, nanoseconds. */
const AGAIN = 1_000_000_000n;

/**
 * The latest states of the joints that a policy needs, by joint name, from any number of publishers. A message may hold
 * other joints too, or only some of these. The result depends only on the messages and their order.
 */
export class JointBuffer {
  readonly #joints: readonly HeardJoint[];
  /** Joints of the arm that the policy neither commands nor sees. */
  #more: readonly HeardJoint[] = [];
  #others: OtherJointNames = { names: [], carrying: [] };
  #speeds: JointSpeeds = new Map();
  #toldAt: bigint | undefined;
  /** Joints of the messages that the policy does not need, to name them where its own are missing. */
  readonly #strangers = new Set<string>();

  constructor(
    readonly names: readonly string[],
    private readonly options: JointBufferOptions,
  ) {
    this.#joints = names.map((name) => new HeardJoint(name, options.horizon));
  }

  /** Takes how fast joints can move, by name. */
  set speeds(speeds: JointSpeeds) {
    this.#speeds = speeds;
    for (const { name, motion } of [...this.#joints, ...this.#more]) motion.speed = speeds.get(name);
  }

  /** Follows other joints too, as far as they are heard: nothing waits for them, and their last position holds. */
  follow(others: OtherJointNames): void {
    const known = new Map(this.#more.map((joint) => [joint.name, joint]));
    const more = others.names.filter((name) => !this.names.includes(name));
    this.#more = more.map((name) => known.get(name) ?? new HeardJoint(name, this.options.horizon));
    this.#others = others;
    this.speeds = this.#speeds;
  }

  /**
   * Adds the joints of a message; leaves out and reports a joint that is not a number.
   * @param publisher who sent it, where that is known
   */
  add({ header, name, position, velocity }: JointStateMessage, stamp: bigint, publisher?: string): Refusal[] {
    const heard = [...this.#joints, ...this.#more].filter((joint) => name.includes(joint.name));
    for (const other of name)
      if (this.#strangers.size < STRANGERS && !this.names.includes(other)) this.#strangers.add(other);
    if (heard.length === 0) return [];
    const twice = heard.find((joint) => name.indexOf(joint.name) !== name.lastIndexOf(joint.name));
    if (twice) return [{ why: "malformed", reason: `joint ${twice.name} is named twice, expected once` }];
    for (const [what, values] of [["positions", position] as const, ["velocities", velocity] as const]) {
      if (values.length === name.length || (what === "velocities" && values.length === 0)) continue;
      const expected = `${name.length}, one a joint${what === "velocities" ? ", or none" : ""}`;
      return [{ why: "malformed", reason: `found ${values.length} ${what}, expected ${expected}` }];
    }
    const problems: Refusal[] = [];
    const jumps: Jump[] = [];
    const sender = publisher ?? `frame_id "${header.frame_id}", ${name.length} joints`;
    for (const joint of heard) {
      const place = name.indexOf(joint.name);
      const sample = { stamp, position: position[place]!, velocity: velocity[place] ?? Number.NaN, sender };
      const problem = addTo(joint, sample);
      if (problem) problems.push(problem);
      else jumps.push(...jumpOf(joint, sample));
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
    for (const [j, { track }] of this.#joints.entries()) {
      const found = track.bracketAt(stamp, policy, slop);
      if (found.kind !== "found") {
        const reason = `joint ${this.names[j]}: ${whyNot(track, stamp, found.reason, this.#strangers)}`;
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
    if (waiting) return waiting;
    const { names, carrying } = this.#others;
    const carriers = this.#more.filter(({ name }) => carrying.includes(name));
    const heard = carriers.filter(({ track }) => track.length > 0).map(({ name }) => name);
    const isMixed = [...this.#joints, ...carriers].some(({ publishers }) => publishers.isMixed(stamp));
    const unheard = carrying.filter((name) => !this.names.includes(name) && !heard.includes(name));
    const others = new Map(
      names.flatMap((name) => {
        const j = this.names.indexOf(name);
        const state = j >= 0 ? { position: position[j]!, velocity: velocity[j]! } : this.#held(name, stamp, longest);
        return state ? [[name, state]] : [];
      }),
    );
    return { kind: "found", value: { position, velocity, isDifferentiated, isMixed, others, unheard } };
  }

  clear(): void {
    for (const joint of [...this.#joints, ...this.#more]) joint.clear();
    this.#strangers.clear();
    this.#toldAt = undefined;
  }

  /** State of a joint that nothing waits for: between its samples by their line, else the nearest, at rest if that is old. */
  #held(name: string, stamp: bigint, longest: bigint): { position: number; velocity: number } | undefined {
    const { track } = this.#more.find((joint) => joint.name === name)!;
    if (track.length === 0) return undefined;
    const i = track.indexAt(stamp);
    const before = Math.max(i, 0);
    const after = track.stampAt(before) === stamp ? before : Math.min(i + 1, track.length - 1);
    const [from, to] = [track.stampAt(before)!, track.stampAt(after)!];
    const weight = from === to ? 0 : Number(stamp - from) / Number(to - from);
    const speed = (k: number) =>
      apart({ stamp: track.stampAt(k)! }, { stamp }) > longest ? 0 : this.#velocity(track, k, longest) || 0;
    return {
      position: mixed(track.positionAt(before), track.positionAt(after), weight),
      velocity: mixed(speed(before), speed(after), weight),
    };
  }

  #tell(jumps: readonly Jump[], stamp: bigint): void {
    const isNew = this.#toldAt === undefined || apart({ stamp: this.#toldAt }, { stamp }) >= AGAIN;
    if (isNew) this.#toldAt = stamp;
    this.options.mixed?.(isNew ? jumpText(jumps) : undefined);
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

/** Names of an arm's joints that nobody commands: all, and those that carry the end effector, nameless ones too. */
export interface OtherJointNames {
  readonly names: readonly string[];
  readonly carrying: readonly string[];
}

function addTo({ name, track }: HeardJoint, { stamp, position, velocity }: JointSample): Refusal | undefined {
  if (!Number.isFinite(position))
    return { why: "not_a_number", reason: `position of joint ${name} is ${position}, expected a number` };
  if (track.add(stamp, position, Number.isFinite(velocity) ? velocity : Number.NaN)) return undefined;
  return { why: "too_old", reason: `joint ${name}: stamped too long before the newest joint state` };
}

/** The jump of a joint from another publisher's state to this one, where they are mixed. */
function jumpOf({ name, motion, publishers }: HeardJoint, sample: JointSample): Jump[] {
  motion.saw(sample);
  const before = publishers.add(sample);
  return before ? [{ joint: name, before, sample, distance: motion.distance(before, sample) }] : [];
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

const namesOf = (names: ReadonlySet<string>): string =>
  `${[...names].slice(0, STRANGERS - 1).join(", ")}${names.size === STRANGERS ? ", …" : ""}`;

/** Why there is no state of a joint at a stamp. Drivers that do not stamp their messages leave 0. */
function whyNot(track: JointTrack, stamp: bigint, reason: string, others: ReadonlySet<string>): string {
  if (track.length === 0)
    return others.size > 0 ? `in no joint state; other names there: ${namesOf(others)}` : "no message";
  return track.stampAt(track.length - 1) === 0n && stamp > 0n ? "its states are stamped 0" : reason;
}
