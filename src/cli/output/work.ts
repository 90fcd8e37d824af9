/** Work of a shorter time does not tell how long the rest takes, seconds. */
const TOO_SHORT = 1;

/** Work of a whole command, in units of any kind, and the time that it takes. */
export class Work {
  #done = 0;
  /** Work done by this process, and the time that it took. */
  #own = { work: 0, seconds: 0 };
  #last: number;

  /** @param now a clock, milliseconds */
  constructor(
    readonly total: number,
    private readonly now = () => performance.now(),
  ) {
    this.#last = now();
  }

  get done(): number {
    return this.#done;
  }

  /** Part that is done, 0 to 1. */
  get part(): number {
    return this.total > 0 ? Math.min(1, this.#done / this.total) : 1;
  }

  /** Notes the work that is done by now. */
  update(done: number): void {
    const [now, more] = [this.now(), Math.max(0, done - this.#done)];
    this.#own = { work: this.#own.work + more, seconds: this.#own.seconds + (now - this.#last) / 1000 };
    this.#last = now;
    this.#done = Math.max(this.#done, done);
  }

  /** Notes work that an earlier run did: neither it nor the time since the last note counts for the pace. */
  skip(done: number): void {
    this.#last = this.now();
    this.#done = Math.max(this.#done, done);
  }

  /** Seconds that the rest takes at the pace so far; undefined before there is one. */
  get left(): number | undefined {
    const { work, seconds } = this.#own;
    if (this.#done >= this.total) return 0;
    return work > 0 && seconds > TOO_SHORT ? (seconds * (this.total - this.#done)) / work : undefined;
  }
}
