/**
 * Holds the newest value only: a new value replaces one that nobody has read yet, so that the reader never lags behind.
 * One reader at a time.
 */
export class Mailbox<T> implements AsyncIterable<T> {
  #held: { readonly value: T } | undefined;
  #waiting: ((result: IteratorResult<T, undefined>) => void) | undefined;
  #closed = false;
  #put = 0;
  #replaced = 0;

  /** Number of values that were posted. */
  get put(): number {
    return this.#put;
  }

  /** Number of posted values that were replaced, or dropped by `close`, before anybody read them. */
  get replaced(): number {
    return this.#replaced;
  }

  /** Replaces the held value. A closed mailbox ignores and does not count the value. */
  post(value: T): void {
    if (this.#closed) return;
    this.#put++;
    if (this.#waiting) {
      const answer = this.#waiting;
      this.#waiting = undefined;
      answer({ done: false, value });
      return;
    }
    if (this.#held) this.#replaced++;
    this.#held = { value };
  }

  /** Ends the iteration, also one that is waiting, and drops the held value. Safe to call twice. */
  close(): void {
    this.#closed = true;
    if (this.#held) this.#replaced++;
    this.#held = undefined;
    this.#waiting?.({ done: true, value: undefined });
    this.#waiting = undefined;
  }

  /** Gives each value at most once, the newest at each step. Leaving the loop closes the mailbox. */
  [Symbol.asyncIterator](): AsyncIterator<T, undefined> {
    return {
      next: () => this.#take(),
      return: async () => {
        this.close();
        return { done: true, value: undefined };
      },
    };
  }

  async #take(): Promise<IteratorResult<T, undefined>> {
    const held = this.#held;
    this.#held = undefined;
    if (held) return { done: false, value: held.value };
    if (this.#closed) return { done: true, value: undefined };
    if (this.#waiting) throw new Error("a mailbox has one reader at a time");
    return new Promise((resolve) => {
      this.#waiting = resolve;
    });
  }
}
