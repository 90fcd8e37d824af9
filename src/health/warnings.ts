export interface WarningOptions {
  /** Takes a line to show. */
  readonly warn: (line: string) => void;
  /** A clock, milliseconds. */
  readonly now: () => number;
  /** One warning of a kind in this time, milliseconds; 5 s where left out. */
  readonly intervalMs?: number;
}

/** Kinds remembered: reasons may name what came, and so be many. */
const KINDS = 256;
/** Lines that differ in numbers only are of one kind. */
const NUMBERS = /\d+(\.\d+)?/g;

interface Kind {
  shownAt: number;
  suppressed: number;
}

/** Says what goes wrong once in a while: of each topic and reason one line in an interval, with the count of the rest. */
export class Warnings {
  readonly #options: Required<WarningOptions>;
  readonly #kinds = new Map<string, Kind>();

  constructor({ intervalMs = 5000, ...options }: WarningOptions) {
    this.#options = { intervalMs, ...options };
  }

  /** @param reason what was wrong and what was expected, one line */
  problem(topic: string, reason: string): void {
    const { warn, now, intervalMs } = this.#options;
    const line = `${topic}: ${reason}`;
    const at = now();
    const key = line.replace(NUMBERS, "#");
    const kind = this.#kinds.get(key);
    if (kind && at - kind.shownAt >= 0 && at - kind.shownAt < intervalMs) {
      kind.suppressed++;
      return;
    }
    const more = kind?.suppressed ? ` (and ${kind.suppressed} more like it since)` : "";
    // Deleted first, so that the kind shown longest ago is the first of the map.
    this.#kinds.delete(key);
    this.#kinds.set(key, { shownAt: at, suppressed: 0 });
    for (const [oldest] of this.#kinds) {
      if (this.#kinds.size <= KINDS) break;
      this.#kinds.delete(oldest);
    }
    warn(`${line}${more}`);
  }
}
