/**
 * The beginning of listening: topics begin at different times, so that images without all else of their time are no
 * problem yet. It ends with the first match, or when it has lasted long enough to be one.
 */
export class Beginning {
  #since: bigint | undefined;
  #isOver = false;

  /** @param longest nanoseconds; 0: there is no such time */
  constructor(private readonly longest: bigint) {}

  /** Whether it goes on at a time; the first one asked about is when it began. */
  lasts(now: bigint): boolean {
    if (this.#isOver) return false;
    this.#since ??= now;
    this.#isOver = now - this.#since >= this.longest;
    return !this.#isOver;
  }

  end(): void {
    this.#isOver = true;
  }

  restart(): void {
    this.#since = undefined;
    this.#isOver = false;
  }
}
