import type { DropReason } from "./counters.js";
import { durationText, nanoseconds } from "./stamp.js";
import type { SyncSettings } from "./sync-options.js";

/** Why a message is refused. */
export interface Refusal {
  readonly why: DropReason;
  readonly reason: string;
}

/** How long joint states and transforms are kept, nanoseconds. */
export const HORIZON = nanoseconds(5);

/** Compares stamps with a clock that may jump. */
export class StampGate {
  #now: bigint | undefined;

  constructor(
    private readonly clock: () => bigint,
    public settings: SyncSettings,
  ) {}

  /** Reads the clock. Returns true where it jumped back since the last reading. */
  tick(): boolean {
    const now = this.clock();
    const jumped = this.#now !== undefined && now < this.#now - this.settings.clockJump;
    this.#now = now;
    return jumped;
  }

  /** The time by the clock, nanoseconds. */
  time(): bigint {
    return this.clock();
  }

  /** The time of the last reading, nanoseconds. */
  get now(): bigint {
    return this.#now ?? this.clock();
  }

  /** Why a stamp is too old or in the future; images may be `maxAge` old, states as old as they are kept. */
  refusal(stamp: bigint, what: "image" | "state"): Refusal | undefined {
    const { maxAge, maxFuture } = this.settings;
    const age = this.now - stamp;
    if (-age > maxFuture) {
      const reason = `stamped ${durationText(age)} after now, expected at most ${durationText(maxFuture)}`;
      return { why: "in_future", reason };
    }
    const oldest = what === "image" || maxAge > HORIZON ? maxAge : HORIZON;
    if (age <= oldest) return undefined;
    const unset = stamp === 0n ? " (the stamp is 0; not set?)" : "";
    const reason = `stamped ${durationText(age)} before now${unset}, expected at most ${durationText(oldest)}`;
    return { why: "too_old", reason };
  }
}
