/** A typed array that grows. */
export class Column<
  T extends { readonly length: number; set(from: T, at?: number): void; slice(a: number, b: number): T },
> {
  #data: T;
  #length = 0;
  readonly #make: (length: number) => T;

  constructor(make: (length: number) => T) {
    this.#make = make;
    this.#data = make(64);
  }

  get length(): number {
    return this.#length;
  }

  /** Makes room for `count` more elements; returns the array and the index of the first of them. */
  extend(count: number): { readonly data: T; readonly at: number } {
    const at = this.#length;
    this.#length += count;
    if (this.#length > this.#data.length) {
      const larger = this.#make(Math.max(2 * this.#data.length, this.#length));
      larger.set(this.#data);
      this.#data = larger;
    }
    return { data: this.#data, at };
  }

  /** A copy without spare room. */
  done(): T {
    return this.#data.slice(0, this.#length);
  }
}
