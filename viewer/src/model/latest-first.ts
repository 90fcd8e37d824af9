/**
 * Sends one value at a time, with a pause in between. Of values of one kind that wait only the newest is sent, so that
 * a drag never lags behind the pointer and its last value always arrives.
 */
export class LatestFirst<T> {
  readonly #waiting = new Map<string, T>();
  #sending = false;

  /** @param pause shortest time between two values, milliseconds */
  constructor(
    private readonly send: (value: T) => Promise<void>,
    private readonly pause: number,
  ) {}

  put(kind: string, value: T): void {
    this.#waiting.set(kind, value);
    if (!this.#sending) void this.#sendAll();
  }

  /** True where a value of this kind has not been sent yet. */
  waits(kind: string): boolean {
    return this.#waiting.has(kind);
  }

  async #sendAll(): Promise<void> {
    this.#sending = true;
    for (let next = this.#waiting.entries().next(); !next.done; next = this.#waiting.entries().next()) {
      const [kind, value] = next.value;
      this.#waiting.delete(kind);
      await this.send(value);
      await new Promise((resolve) => setTimeout(resolve, this.pause));
    }
    this.#sending = false;
  }
}
