/**
 * Room for one: what is put in replaces what nobody has taken yet, so that whoever takes is never behind.
 * One reader at a time.
 */
export class Mailbox<T> implements AsyncIterable<T> {
  #held: { readonly value: T } | undefined;
  #waiting: ((result: IteratorResult<T, undefined>) => void) | undefined;
  #closed = false;
  #put = 0;
  #replaced = 0;

  /** How many were put in. */
  get put(): number {
    return this.#put;
  }

  /** How many of them were replaced, or left behind at the end, before anybody took them. */
  get replaced(): number {
    return this.#replaced;
  }

  /** Puts a value in, in place of the one that is there. Into a closed mailbox nothing goes, and it is not counted. */
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

  /** Ends the reading, also one that waits; what lies in it is dropped. Safe to call twice. */
  close(): void {
    this.#closed = true;
    if (this.#held) this.#replaced++;
    this.#held = undefined;
    this.#waiting?.({ done: true, value: undefined });
    this.#waiting = undefined;
  }

  /** Each value once, the newest when asked. To leave the loop closes the mailbox. */
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
