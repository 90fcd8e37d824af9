/** Does work at most once in a period; what is asked for in between is done once, when the period is over. */
export class Throttle {
  #last = Number.NEGATIVE_INFINITY;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param period milliseconds from the last work on; 0: at once */
  do(work: () => void, period: number): void {
    this.stop();
    const rest = this.#last + period - performance.now();
    if (rest > 0) this.#timer = setTimeout(() => this.#now(work), rest);
    else this.#now(work);
  }

  /** Does not do what waits. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #now(work: () => void): void {
    this.#timer = undefined;
    this.#last = performance.now();
    work();
  }
}
