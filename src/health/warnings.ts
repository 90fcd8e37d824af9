export interface WarningOptions {
  /** Shows a line. */
  readonly warn: (line: string) => void;
  /** A clock, milliseconds. */
  readonly now: () => number;
  /** Shortest time between two warnings of a kind, milliseconds; default 5000. */
  readonly intervalMs?: number;
}

/** Kinds remembered at most: reasons may quote the input, so there may be many. */
const KINDS = 256;
/** The kind of a line: lines that differ only in numbers are of one kind. */
export const kindOf = (line: string): string => line.replace(/\d+(\.\d+)?/g, "#");

interface Kind {
  shownAt: number;
  suppressed: number;
}

/** Limits the rate of warnings: one line of a kind in an interval, with the number of those left out since. */
export class Warnings {
  readonly #options: Required<WarningOptions>;
  readonly #kinds = new Map<string, Kind>();

  constructor({ intervalMs = 5000, ...options }: WarningOptions) {
    this.#options = { intervalMs, ...options };
  }

  /** @param reason one line: what was found and what was expected */
  problem(topic: string, reason: string): void {
    const { warn, now, intervalMs } = this.#options;
    const line = `${topic}: ${reason}`;
    const at = now();
    const key = kindOf(line);
    const kind = this.#kinds.get(key);
    if (kind && at - kind.shownAt >= 0 && at - kind.shownAt < intervalMs) {
      kind.suppressed++;
      return;
    }
    const more = kind?.suppressed ? ` (and ${kind.suppressed} more like it since)` : "";
    // Deleted first, so that the map starts with the kind shown longest ago.
    this.#kinds.delete(key);
    this.#kinds.set(key, { shownAt: at, suppressed: 0 });
    for (const [oldest] of this.#kinds) {
      if (this.#kinds.size <= KINDS) break;
      this.#kinds.delete(oldest);
    }
    warn(`${line}${more}`);
  }
}
