import { put } from "../own.js";
import type { Reading, SyncPolicy } from "./timeline.js";
import { Track } from "./track.js";

/** A message that waits for the others of its stamp. */
export interface Frame<Message> {
  readonly stamp: bigint;
  readonly message: Message;
}

/** A frame of the first camera with those of the others and the robot's state at its stamp. */
export interface Matched<Message, State> {
  readonly stamp: bigint;
  /** By camera. */
  readonly frames: Readonly<Record<string, Frame<Message>>>;
  readonly state: State;
}

/** A frame of the first camera that was not matched. */
export interface Miss {
  readonly stamp: bigint;
  readonly reason: string;
}

export interface Bounds {
  readonly policy: SyncPolicy;
  /** How far apart stamps of one set may be, nanoseconds. */
  readonly slop: bigint;
  /** Frames stamped earlier stop waiting. */
  readonly oldest: bigint;
}

/** A waiting frame of the first camera, and what it waits for. */
interface Leading<Message> {
  readonly frame: Frame<Message>;
  readonly reason: string;
}

/** Largest number of waiting frames of a camera. */
const QUEUE = 10;
const FOREVER = 1n << 62n;

/**
 * Matches each frame of the first camera with the frames of the other cameras and the robot's state. The result depends
 * on the stamps and the order of arrival, not on arrival times. Sets are in the order of their stamps: a frame that a
 * later one overtook is a miss.
 */
export class Synchroniser<Message, State> {
  #leading: Leading<Message>[] = [];
  readonly #others: ReadonlyMap<string, Track<Frame<Message>>>;
  readonly #first: string;

  constructor(cameras: readonly [first: string, ...others: string[]]) {
    const [first, ...others] = cameras;
    this.#first = first;
    this.#others = new Map(others.map((camera) => [camera, new Track(FOREVER, QUEUE)]));
  }

  add(camera: string, frame: Frame<Message>): void {
    if (camera === this.#first) this.#leading.push({ frame, reason: "" });
    else this.#others.get(camera)!.add(frame);
  }

  /** All sets and misses that are decided by now. Call it after every message. */
  take(
    stateAt: (stamp: bigint) => Reading<State>,
    bounds: Bounds,
  ): { sets: Matched<Message, State>[]; misses: Miss[] } {
    const sets: Matched<Message, State>[] = [];
    const misses: Miss[] = [];
    let waiting: Leading<Message>[] = [];
    for (const leading of this.#leading) {
      const { frame } = leading;
      const found = this.#setOf(frame, stateAt, bounds);
      if (found.kind === "found") {
        misses.push(...waiting.map(missOf));
        waiting = [];
        sets.push(found.value);
      } else if (found.kind === "miss") misses.push({ stamp: frame.stamp, reason: found.reason });
      else waiting.push({ frame, reason: found.reason });
    }
    const late = waiting.filter(({ frame }, i) => frame.stamp < bounds.oldest || i < waiting.length - QUEUE);
    misses.push(...late.map(missOf));
    this.#leading = waiting.filter((leading) => !late.includes(leading));
    return { sets, misses };
  }

  /** Clears all frames. @returns the frames of the first camera that were still waiting */
  clear(): Miss[] {
    const misses = this.#leading.map(missOf);
    this.#leading = [];
    for (const track of this.#others.values()) track.clear();
    return misses;
  }

  #setOf(
    frame: Frame<Message>,
    stateAt: (stamp: bigint) => Reading<State>,
    bounds: Bounds,
  ): Reading<Matched<Message, State>> {
    const frames: Record<string, Frame<Message>> = { [this.#first]: frame };
    let waiting: Reading<Matched<Message, State>> | undefined;
    for (const [camera, track] of this.#others) {
      const found = nearest(track, frame.stamp, bounds);
      if (found.kind === "found") put(frames, camera, found.value);
      else if (found.kind === "miss") return { kind: "miss", reason: `${camera}: ${found.reason}` };
      else waiting ??= { kind: "wait", reason: `${camera}: ${found.reason}` };
    }
    const state = stateAt(frame.stamp);
    if (state.kind === "miss") return state;
    if (waiting) return waiting;
    if (state.kind === "wait") return state;
    return { kind: "found", value: { stamp: frame.stamp, frames, state: state.value } };
  }
}

const missOf = ({ frame, reason }: Leading<unknown>): Miss => ({
  stamp: frame.stamp,
  reason,
});

/** Images cannot be interpolated: under `interpolate` the nearest one counts, once it is certain which that is. */
function nearest<F extends { readonly stamp: bigint }>(
  track: Track<F>,
  stamp: bigint,
  { policy, slop }: Bounds,
): Reading<F> {
  if (policy === "interpolate" && (track.newest?.stamp ?? stamp - 1n) < stamp) {
    return { kind: "wait", reason: track.newest ? "no image at or after it" : "no image" };
  }
  const found = track.bracket(stamp, policy === "interpolate" ? "nearest" : policy, slop);
  return found.kind === "found" ? { kind: "found", value: found.value.before } : found;
}
