/** Numbers of past ticks in columns, oldest first; the oldest make room for new ones. */
export class History {
  /** Names of the columns after time. */
  readonly names: readonly string[];
  readonly #capacity: number;
  readonly #columns: Float64Array[];
  #start = 0;
  #length = 0;
  /** Counts the ticks ever added. */
  count = 0;

  constructor(names: readonly string[], capacity: number) {
    this.names = names;
    this.#capacity = capacity;
    // Twice the room: the newest `capacity` ticks always lie together.
    this.#columns = ["time", ...names].map(() => new Float64Array(2 * capacity));
  }

  /** @param time seconds */
  push(time: number, values: ArrayLike<number>): void {
    if (this.#start + this.#length === 2 * this.#capacity) {
      for (const column of this.#columns) column.copyWithin(0, this.#start, this.#start + this.#length);
      this.#start = 0;
    }
    const at = this.#start + this.#length;
    this.#columns[0]![at] = time;
    for (let i = 0; i < this.names.length; i++) this.#columns[i + 1]![at] = values[i] ?? Number.NaN;
    if (this.#length < this.#capacity) this.#length++;
    else this.#start++;
    this.count++;
  }

  clear(): void {
    this.#start = 0;
    this.#length = 0;
    this.count++;
  }

  get length(): number {
    return this.#length;
  }

  /** Times and columns from `from` to `to` seconds, both included; views that hold until the next tick. */
  between(from: number, to: number): Float64Array[] {
    const times = this.#columns[0]!;
    const end = this.#start + this.#length;
    const low = bisect(times, from, this.#start, end);
    let high = bisect(times, to, low, end);
    while (high < end && times[high] === to) high++;
    return this.#columns.map((column) => column.subarray(low, high));
  }

  /** Seconds of the oldest and the newest tick; undefined where there is none. */
  get span(): readonly [number, number] | undefined {
    if (this.#length === 0) return undefined;
    const times = this.#columns[0]!;
    return [times[this.#start]!, times[this.#start + this.#length - 1]!];
  }
}

/** First index in [low, high) whose value is at least `value`. */
function bisect(values: Float64Array, value: number, low: number, high: number): number {
  let [a, b] = [low, high];
  while (a < b) {
    const middle = (a + b) >> 1;
    if (values[middle]! < value) a = middle + 1;
    else b = middle;
  }
  return a;
}
