interface Sample<T> {
  readonly at: number;
  readonly value: T;
}

/** Values of the last `lengthMs` milliseconds. */
export class Window<T> {
  #samples: Sample<T>[] = [];
  #first = 0;

  constructor(readonly lengthMs: number) {}

  /** @param at milliseconds, never going back */
  add(at: number, value: T): void {
    this.#prune(at);
    this.#samples.push({ at, value });
  }

  /** The values of the window that ends now, the oldest first. */
  values(now: number): T[] {
    this.#prune(now);
    return this.#samples.slice(this.#first).map(({ value }) => value);
  }

  /** Oldest sample of the window that ends now. */
  oldest(now: number): Sample<T> | undefined {
    this.#prune(now);
    return this.#samples[this.#first];
  }

  clear(): void {
    this.#samples = [];
    this.#first = 0;
  }

  #prune(now: number): void {
    while (this.#first < this.#samples.length && this.#samples[this.#first]!.at <= now - this.lengthMs) this.#first++;
    if (this.#first > 1024 && this.#first > this.#samples.length / 2) {
      this.#samples = this.#samples.slice(this.#first);
      this.#first = 0;
    }
  }
}
