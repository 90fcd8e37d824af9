/**
 * Messages and pings that a client may send at once, and a second on average. A viewer sends a few at its start, and 20 a
 * second while the mouse drags the goal of a simulation.
 */
const BURST = 200;
const PER_SECOND = 40;
/** Number of messages with an error until a client is expelled. */
const MAX_ERRORS = 20;

/** What one client may send: a burst, a rate, and a number of errors. */
export class Allowance {
  #left = BURST;
  #errors = 0;
  #since: number;

  /** @param now milliseconds of a clock that only goes forward */
  constructor(now: number) {
    this.#since = now;
  }

  /** Counts a message or ping. Returns the reason to expel the client, if there is one. */
  message(now: number): string | undefined {
    this.#left = Math.min(BURST, this.#left + ((now - this.#since) / 1000) * PER_SECOND) - 1;
    this.#since = now;
    return this.#left < 0 ? `more than ${PER_SECOND} messages a second` : undefined;
  }

  /** Counts an error. Returns the reason to expel the client, if there is one. */
  error(): string | undefined {
    this.#errors += 1;
    return this.#errors > MAX_ERRORS ? `more than ${MAX_ERRORS} messages with errors` : undefined;
  }
}
