import fc from "fast-check";

/** Decisions read from one number, the first the most quickly varying. 0 takes the first of every list. */
export class Choices {
  #left: number;

  constructor(n: number) {
    this.#left = n;
  }

  below(count: number): number {
    const digit = this.#left % count;
    this.#left = Math.floor(this.#left / count);
    return digit;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }

  flag(): boolean {
    return this.below(2) === 1;
  }
}

export const choices: fc.Arbitrary<number> = fc.nat(2 ** 40);
