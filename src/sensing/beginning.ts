/**
 * The time after subscribing in which unmatched images are normal, since topics start at different times. It ends with
 * the first match or after `longest`.
 */
export class Beginning {
  #since: bigint | undefined;
  #isOver = false;

  /** @param longest nanoseconds; 0: no such time */
  constructor(private readonly longest: bigint) {}

  /** True while it lasts. It starts with the first call. */
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
