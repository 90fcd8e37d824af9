const COUNTERS = ["clients", "bufferedBytes", "sent", "replaced", "refused", "expelled", "inPipe"] as const;
export type Counter = (typeof COUNTERS)[number];
export type Counts = Record<Counter, number>;

/**
 * Counts that the sink's thread and the server's thread share, so that either reads them without asking the other.
 * Of every channel: its subscribers, and how many of them can take a message now.
 */
export class Board {
  readonly memory: SharedArrayBuffer;
  readonly #values: BigInt64Array;

  /** @param memory of a board of as many channels in another thread; left out: a new board of zeros */
  constructor(channels: number, memory = new SharedArrayBuffer(8 * (COUNTERS.length + 2 * channels))) {
    this.memory = memory;
    this.#values = new BigInt64Array(memory);
  }

  add(counter: Counter, amount: number): void {
    Atomics.add(this.#values, COUNTERS.indexOf(counter), BigInt(amount));
  }

  get(counter: Counter): number {
    return this.#at(COUNTERS.indexOf(counter));
  }

  counts(): Counts {
    return Object.fromEntries(COUNTERS.map((counter) => [counter, this.get(counter)])) as Counts;
  }

  subscribers(channel: number): number {
    return this.#at(COUNTERS.length + 2 * channel);
  }

  addSubscribers(channel: number, amount: 1 | -1): void {
    Atomics.add(this.#values, COUNTERS.length + 2 * channel, BigInt(amount));
  }

  takers(channel: number): number {
    return this.#at(COUNTERS.length + 2 * channel + 1);
  }

  addTakers(channel: number, amount: 1 | -1): void {
    Atomics.add(this.#values, COUNTERS.length + 2 * channel + 1, BigInt(amount));
  }

  #at(index: number): number {
    return Number(Atomics.load(this.#values, index));
  }
}
