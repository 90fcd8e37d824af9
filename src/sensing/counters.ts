/** Why a message, an image or a match was dropped. */
export type DropReason =
  /** Encoding or compression is not supported or does not fit the policy. */
  | "encoding"
  /** No pixels, too many pixels, or not the size that the card requires. */
  | "size"
  /** Number of bytes does not fit the size, or a compressed image is damaged. */
  | "damaged"
  /** Arrays have different lengths, or a name occurs twice. */
  | "malformed"
  /** NaN or infinity. */
  | "not_a_number"
  /** Stamped more than `maxAge` ago, or longer ago than joint states are kept. */
  | "too_old"
  /** Stamped more than `maxFuture` ahead of the clock. */
  | "in_future"
  /** Stamped at or before the previous message of its topic. */
  | "out_of_order"
  /** No joint states, transforms or other cameras' images for its stamp. */
  | "unmatched";

/** Messages of one topic, received and dropped. */
export interface TopicCounters {
  readonly received: number;
  readonly dropped: Readonly<Partial<Record<DropReason, number>>>;
  /** Messages that came mixed with those of another publisher; left out where there are none. */
  readonly mixed?: number;
  /** Images missing by the gaps between the stamps of a regular camera, an estimate; left out where there are none. */
  readonly missing?: number;
}

/** Counts since the start; they only grow. */
export interface Counters {
  /** By topic: `joint_states`, `tf`, `robot_description`, and each image modality by its name, `values/NAME`. */
  readonly topics: Readonly<Record<string, TopicCounters>>;
  /** Images of the first camera, or joint states without one: each is observed, dropped, or still waits. */
  readonly images: number;
  /** Those of `images` that were dropped, by reason. */
  readonly imagesDropped: TopicCounters["dropped"];
  /** Images of the first camera that were matched with joint states and other inputs. */
  readonly matched: number;
  /** Matches that became observations. */
  readonly observed: number;
  /** Images of the first camera that were not matched. */
  readonly syncMisses: number;
  /** Images older than `maxAge` on arrival or on observation. */
  readonly tooOld: number;
  /** Times that the clock or an image's stamp jumped back, which clears all messages. */
  readonly clockJumps: number;
  /** Observations that began an episode. */
  readonly episodes: number;
  /** Observations made while joint states or images of several publishers came mixed, and flagged so. */
  readonly mixed: number;
}

type Totals = "images" | "matched" | "observed" | "clockJumps" | "episodes" | "mixed";

interface Topic {
  received: number;
  mixed: number;
  missing: number;
  readonly dropped: Map<DropReason, number>;
}

/** Counts messages and reports each that is dropped. */
export class Tally {
  readonly #topics = new Map<string, Topic>();
  readonly #totals: Record<Totals, number> = {
    images: 0,
    matched: 0,
    observed: 0,
    clockJumps: 0,
    episodes: 0,
    mixed: 0,
  };
  readonly #imagesDropped = new Map<DropReason, number>();

  /** @param problem called for every drop and remark; the caller limits the rate */
  constructor(private readonly problem: (topic: string, reason: string) => void) {}

  received(topic: string): void {
    this.#of(topic).received++;
  }

  count(what: Totals): void {
    this.#totals[what]++;
  }

  /**
   * @param isImage true for an image of the policy's first camera: there is one explanation less
   * @param isQuiet true: count it, do not report it
   */
  dropped(topic: string, why: DropReason, reason: string, { isImage = false, isQuiet = false } = {}): void {
    const { dropped } = this.#of(topic);
    for (const counts of isImage ? [dropped, this.#imagesDropped] : [dropped])
      counts.set(why, (counts.get(why) ?? 0) + 1);
    if (!isQuiet) this.problem(topic, reason);
  }

  /** Counts a message that came mixed with those of another publisher. @param reason left out: do not report it */
  mixed(topic: string, reason: string | undefined): void {
    this.#of(topic).mixed++;
    if (reason !== undefined) this.problem(topic, reason);
  }

  /** Takes the number of images of a camera that are missing so far. */
  missing(camera: string, count: number): void {
    this.#of(camera).missing = count;
  }

  /** Reports a fault of a message that is used all the same. */
  remark(topic: string, reason: string): void {
    this.problem(topic, reason);
  }

  counters(): Counters {
    const topics = Array.from(this.#topics, ([topic, { received, dropped, mixed, missing }]) => [
      topic,
      {
        received,
        dropped: Object.fromEntries(dropped),
        ...(mixed > 0 && { mixed }),
        ...(missing > 0 && { missing }),
      },
    ]);
    return {
      ...this.#totals,
      topics: Object.fromEntries(topics),
      imagesDropped: Object.fromEntries(this.#imagesDropped),
      syncMisses: this.#imagesDropped.get("unmatched") ?? 0,
      tooOld: this.#imagesDropped.get("too_old") ?? 0,
    };
  }

  #of(topic: string): Topic {
    let counters = this.#topics.get(topic);
    if (!counters) {
      counters = { received: 0, mixed: 0, missing: 0, dropped: new Map() };
      this.#topics.set(topic, counters);
    }
    return counters;
  }
}
