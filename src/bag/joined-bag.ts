import { type Bag, type BagRecord, keyOf, type Selection, type Topic, unitedTopics } from "./bag.js";
import { type Losses, unitedLosses } from "./damage.js";

/** Reads the messages of several bags as those of one. */
export type Joining = (bags: readonly Bag[], selection: Selection) => AsyncGenerator<BagRecord>;

/** Several bags as one. */
export class JoinedBag implements Bag {
  readonly topics: readonly Topic[];
  readonly start: bigint;
  readonly end: bigint;
  readonly messages: number;
  readonly isPacked: boolean;
  readonly #byKey: ReadonlyMap<string, Topic>;

  /** Takes ownership of the bags: `close` closes them. */
  constructor(
    readonly path: string,
    private readonly bags: readonly Bag[],
    private readonly joining: Joining,
  ) {
    this.topics = unitedTopics(bags.flatMap(({ topics }) => topics));
    this.#byKey = new Map(this.topics.map((topic) => [keyOf(topic), topic]));
    this.isPacked = bags.some(({ isPacked }) => isPacked);
    this.messages = bags.reduce((sum, { messages }) => sum + messages, 0);
    const filled = bags.filter(({ messages }) => messages > 0);
    this.start = filled.map(({ start }) => start).reduce((a, b) => (a < b ? a : b), filled[0]?.start ?? 0n);
    this.end = filled.map(({ end }) => end).reduce((a, b) => (a > b ? a : b), 0n);
  }

  get problems(): readonly string[] {
    return this.bags.flatMap(({ problems }) => problems);
  }

  get losses(): Losses {
    return unitedLosses(this.bags.map(({ losses }) => losses));
  }

  async *read(selection: Selection = {}): AsyncGenerator<BagRecord> {
    for await (const record of this.joining(this.bags, selection)) {
      yield { ...record, topic: this.#byKey.get(keyOf(record.topic))! };
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.bags.map((bag) => bag.close()));
  }
}

/** One after another: the files of a split bag. */
export async function* inTurn(bags: readonly Bag[], selection: Selection): AsyncGenerator<BagRecord> {
  for (const bag of bags) yield* bag.read(selection);
}

/** In the order of log times, for bags recorded in parallel; with equal times, the bag named first comes first. */
export async function* byTime(bags: readonly Bag[], selection: Selection): AsyncGenerator<BagRecord> {
  const readers = bags.map((bag) => bag.read(selection));
  try {
    const heads = await Promise.all(readers.map((reader) => reader.next()));
    for (;;) {
      let earliest: number | undefined;
      for (const [i, head] of heads.entries()) {
        if (head.done) continue;
        const other = earliest === undefined ? undefined : heads[earliest]!.value;
        if (!other || head.value.logTime < other.logTime) earliest = i;
      }
      if (earliest === undefined) return;
      yield heads[earliest]!.value as BagRecord;
      heads[earliest] = await readers[earliest]!.next();
    }
  } finally {
    await Promise.all(readers.map((reader) => reader.return(undefined)));
  }
}
