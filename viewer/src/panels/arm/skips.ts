/** How long is counted, milliseconds. */
const SPAN = 2000;
/** Below this part of the states drawn, drawing is slower than the data. */
const MOST = 0.8;

/** Counts states that came and those that were drawn. */
export class Skips {
  /** Drawings a second, where fewer states are drawn than come; undefined where drawing keeps up. */
  rate: number | undefined;
  #since = 0;
  #came = 0;
  #drawn = 0;

  came(): void {
    this.#came++;
  }

  /** @param now milliseconds. Returns true where `rate` is a new one */
  drew(now: number): boolean {
    this.#drawn++;
    const seconds = (now - this.#since) / 1000;
    if (1000 * seconds < SPAN) return false;
    const { rate } = this;
    this.rate =
      this.#drawn < MOST * this.#came ? Math.max(0.5, Math.round((2 * this.#drawn) / seconds) / 2) : undefined;
    // The first span begins with the first drawing.
    if (this.#since === 0) this.rate = undefined;
    this.#since = now;
    this.#came = this.#drawn = 0;
    return this.rate !== rate;
  }
}
