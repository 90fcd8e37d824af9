import { plural } from "../numbers/format.js";

/** A part of a recording that cannot be read. */
export interface Damage {
  /** A stretch of the file, such as a chunk, or one message. */
  readonly what: "chunk" | "stretch" | "message";
  readonly reason: string;
  /** Log times of its first and last message, nanoseconds, as far as they are known. */
  readonly span?: readonly [start: bigint, end: bigint] | undefined;
  /** Number of its messages by topic, as far as they are known; `""` where the topic is not. */
  readonly messages: ReadonlyMap<string, number>;
}

/** The messages that a recording lost. */
export interface Losses {
  /** Damaged chunks and other stretches that are skipped. */
  readonly parts: number;
  /** Length of these in log time, seconds. */
  readonly seconds: number;
  /** Lost messages by topic, as far as they are known; `""` where the topic is not. */
  readonly messages: ReadonlyMap<string, number>;
}

/** Thrown by readers of a part of a file; the reader of the file skips that part. */
export class DamagedPart extends Error {}

/** Collects a recording's damage. What is found again when it is read again counts once. */
export class DamageLog {
  readonly #found = new Map<number, Damage>();

  /** @param place identifies the damage: its offset in the file, or the number of a row */
  add(place: number, damage: Damage): void {
    if (!this.#found.has(place)) this.#found.set(place, damage);
  }

  get losses(): Losses {
    const parts = this.#parts();
    return {
      parts: parts.length,
      seconds: secondsOf(parts),
      messages: total([...this.#found.values()].map(({ messages }) => messages)),
    };
  }

  /**
   * A line about all damaged parts, and one for each topic with damaged messages.
   * @param start log time that places are told from, nanoseconds
   */
  lines(path: string, start: bigint, end: bigint): string[] {
    const lines: string[] = [];
    const parts = this.#parts();
    if (parts.length > 0) {
      const what = parts.every(({ what }) => what === "chunk") ? "chunk" : "part";
      const spanned = parts.filter(({ span }) => span !== undefined);
      // What is lost may lie before or behind all that can be read.
      const bounds = spanned.flatMap(({ span }) => span!);
      const from = bounds.reduce((a, b) => (a < b ? a : b), start);
      const until = bounds.reduce((a, b) => (a > b ? a : b), end);
      const lost = `${secondsOf(parts).toFixed(2)} s of ${(Number(until - from) / 1e9).toFixed(2)} s, `;
      const where = spanned.length > 0 ? `${lost}the first at ${placeOf(spanned, from)}: ` : "";
      const count = `${plural(parts.length, `damaged ${what}`)} skipped`;
      lines.push(
        `${path}: ${count} (${where}${parts[0]!.reason})${listOf(total(parts.map(({ messages }) => messages)))}`,
      );
    }
    const single = [...this.#found.values()].filter(({ what }) => what === "message");
    for (const [topic, count] of total(single.map(({ messages }) => messages))) {
      const own = single.filter(({ messages }) => messages.has(topic));
      const first = own.find(({ span }) => span !== undefined);
      const place = first ? `the first at ${placeOf([first], start)}: ` : "";
      lines.push(`${path}: ${messagesOf(topic, count)} could not be read (${place}${own[0]!.reason})`);
    }
    return lines;
  }

  #parts(): Damage[] {
    return [...this.#found.values()].filter(({ what }) => what !== "message");
  }
}

export const NO_LOSSES: Losses = { parts: 0, seconds: 0, messages: new Map() };

export function unitedLosses(losses: readonly Losses[]): Losses {
  return {
    parts: losses.reduce((sum, { parts }) => sum + parts, 0),
    seconds: losses.reduce((sum, { seconds }) => sum + seconds, 0),
    messages: total(losses.map(({ messages }) => messages)),
  };
}

/** `12 messages of /x`. */
const messagesOf = (topic: string, count: number): string =>
  `${plural(count, "message")} of ${topic === "" ? "unknown topics" : topic}`;

function listOf(messages: ReadonlyMap<string, number>): string {
  const list = Array.from(messages, ([topic, count]) => messagesOf(topic, count));
  return list.length === 0 ? "" : `; lost: ${list.join(", ")}`;
}

const placeOf = (damages: readonly Damage[], start: bigint): string => {
  const first = damages.map(({ span }) => span![0]).reduce((a, b) => (a < b ? a : b));
  return `${(Number(first - start) / 1e9).toFixed(2)} s`;
};

/** Seconds that are covered by at least one of the spans. */
function secondsOf(damages: readonly Damage[]): number {
  const spans = damages.flatMap(({ span }) => (span ? [span] : [])).sort(([a], [b]) => (a < b ? -1 : Number(a > b)));
  let [covered, until] = [0n, spans[0]?.[0] ?? 0n];
  for (const [start, end] of spans) {
    if (end <= until) continue;
    covered += end - (start > until ? start : until);
    until = end;
  }
  return Number(covered) / 1e9;
}

function total(counts: readonly ReadonlyMap<string, number>[]): Map<string, number> {
  const sum = new Map<string, number>();
  for (const some of counts) for (const [topic, count] of some) sum.set(topic, (sum.get(topic) ?? 0) + count);
  return sum;
}
