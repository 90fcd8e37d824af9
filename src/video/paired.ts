/** First values that wait for their second at most; the oldest is given up. */
const KEPT = 64;

/** Values of one stamp that come apart and in any order, paired in the order of the first ones. */
export class Paired<A, B> {
  readonly #waiting: { readonly stamp: bigint; readonly value: A }[] = [];
  readonly #seconds = new Map<bigint, B>();

  first(stamp: bigint, value: A): void {
    this.#waiting.push({ stamp, value });
    if (this.#waiting.length > KEPT) this.#waiting.shift();
  }

  second(stamp: bigint, value: B): void {
    this.#seconds.set(stamp, value);
    for (const oldest of this.#seconds.keys()) {
      if (this.#seconds.size <= KEPT) break;
      this.#seconds.delete(oldest);
    }
  }

  /** Takes the pairs that are complete. */
  *ready(): Generator<readonly [A, B]> {
    for (let i = 0; i < this.#waiting.length; ) {
      const { stamp, value } = this.#waiting[i]!;
      const second = this.#seconds.get(stamp);
      if (second === undefined) {
        i++;
        continue;
      }
      this.#waiting.splice(i, 1);
      yield [value, second];
    }
  }
}
