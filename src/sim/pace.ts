import { setTimeout as sleep } from "node:timers/promises";

/** Smaller delays are the timer's, not the loop's, milliseconds. */
const TIMER_SLACK = 2;

/** The time, milliseconds, and a wait of so many milliseconds that `signal` ends. */
export interface Clock {
  now(): number;
  wait(milliseconds: number, signal: AbortSignal): Promise<void>;
}

const WALL_CLOCK: Clock = {
  now: () => performance.now(),
  wait: (milliseconds, signal) => sleep(milliseconds, undefined, { signal }).catch(() => undefined),
};

/** Holds ticks to the wall clock and counts the late ones. */
export class Pace {
  #period: number;
  #due: number | undefined;
  /** Ticks that began late. */
  late = 0;
  /** Largest delay of a tick, milliseconds. */
  latest = 0;

  /** `period` in milliseconds of wall-clock time; 0 never waits. */
  constructor(
    period: number,
    private readonly clock = WALL_CLOCK,
  ) {
    this.#period = period;
  }

  /** Keeps to another period from the next tick on. */
  set period(period: number) {
    this.#period = period;
    this.rest();
  }

  /** After a pause: the next tick is due at once, and not late. */
  rest(): void {
    this.#due = undefined;
  }

  /** Waits until the next tick is due. Delays of more than one period are not caught up. */
  async next(signal: AbortSignal): Promise<void> {
    if (this.#period === 0) return;
    const now = this.clock.now();
    this.#due = this.#due === undefined ? now : this.#due + this.#period;
    const ahead = this.#due - now;
    if (ahead > 0) {
      await this.clock.wait(ahead, signal);
      return;
    }
    if (-ahead > TIMER_SLACK) this.late++;
    this.latest = Math.max(this.latest, -ahead);
    if (-ahead > this.#period) this.#due = now;
  }
}
