/** Why a message, an image or a match went no further. */
export type DropReason =
  /** An encoding, or a compression, that is not supported or does not fit the policy. */
  | "encoding"
  /** No pixels, absurdly many, or not the size that the card asks for. */
  | "size"
  /** Fewer or more bytes than the size asks for, or a compressed image that is damaged. */
  | "damaged"
  /** Arrays of different lengths, or a name twice. */
  | "malformed"
  /** NaN or infinity. */
  | "not_a_number"
  /** Stamped longer ago than `maxAge`, or than joint states are kept. */
  | "too_old"
  /** Stamped later than now. */
  | "in_future"
  /** Stamped earlier than, or as, what came before it on this topic. */
  | "out_of_order"
  /** Nothing else of its time: joint states, transforms or another camera's image. */
  | "unmatched";

/** What came in on one topic, and what became of it. */
export interface TopicCounters {
  readonly received: number;
  readonly dropped: Readonly<Partial<Record<DropReason, number>>>;
}

/** Counts since the start. Only grow. */
export interface Counters {
  /** By topic: `joint_states`, `tf`, `robot_description`, and each image modality by its name, `values/NAME`. */
  readonly topics: Readonly<Record<string, TopicCounters>>;
  /** Images (of the first camera) that found all else of their time. */
  readonly matched: number;
  /** Matches that became observations. */
  readonly observed: number;
  /** Images (of the first camera) that did not find all else of their time. */
  readonly syncMisses: number;
  /** Images older than `maxAge` when they came or when they were asked for. */
  readonly tooOld: number;
  /** Times that the clock, or an image's stamp, jumped back and everything began anew. */
  readonly clockJumps: number;
  /** Observations that began an episode. */
  readonly episodes: number;
}

type Totals = "matched" | "observed" | "clockJumps" | "episodes";

/** Counts messages and tells of each that is dropped. */
export class Tally {
  readonly #topics = new Map<string, { received: number; dropped: Map<DropReason, number> }>();
  readonly #totals: Record<Totals, number> = { matched: 0, observed: 0, clockJumps: 0, episodes: 0 };
  #syncMisses = 0;
  #tooOld = 0;

  /** `problem` is told of every single drop; whoever shows them limits the rate. */
  constructor(private readonly problem: (topic: string, reason: string) => void) {}

  received(topic: string): void {
    this.#of(topic).received++;
  }

  count(what: Totals): void {
    this.#totals[what]++;
  }

  /**
   * @param isImage it was an image of the policy's first camera, so that there is one explanation less
   * @param isQuiet it is counted and nothing said
   */
  dropped(topic: string, why: DropReason, reason: string, { isImage = false, isQuiet = false } = {}): void {
    const { dropped } = this.#of(topic);
    dropped.set(why, (dropped.get(why) ?? 0) + 1);
    if (isImage && why === "unmatched") this.#syncMisses++;
    if (isImage && why === "too_old") this.#tooOld++;
    if (!isQuiet) this.problem(topic, reason);
  }

  counters(): Counters {
    const topics = Array.from(this.#topics, ([topic, { received, dropped }]) => [
      topic,
      { received, dropped: Object.fromEntries(dropped) },
    ]);
    return {
      ...this.#totals,
      topics: Object.fromEntries(topics),
      syncMisses: this.#syncMisses,
      tooOld: this.#tooOld,
    };
  }

  #of(topic: string): { received: number; dropped: Map<DropReason, number> } {
    let counters = this.#topics.get(topic);
    if (!counters) {
      counters = { received: 0, dropped: new Map() };
      this.#topics.set(topic, counters);
    }
    return counters;
  }
}
