import { signal } from "@preact/signals";

/** Values kept of each side, until one of the other side fits. */
const KEPT = 8;
/** How far a side may run on before its last pair is given up, nanoseconds. */
const HOLD = 1_000_000_000n;

interface Stamped<T> {
  readonly stamp: bigint;
  readonly value: T;
}

/** The newest two values that belong together, one of each side. */
export class Pairs<T> {
  readonly newest = signal<readonly [first: T, second: T] | undefined>(undefined);
  readonly #kept: readonly [Stamped<T>[], Stamped<T>[]] = [[], []];
  readonly #offset: () => bigint;
  readonly #limit: bigint;
  /** Stamps of the newest pair. */
  #stamps: readonly [bigint, bigint] = [0n, 0n];

  /**
   * @param offset stamp of the second side minus that of the first at the same moment, nanoseconds
   * @param limit how far two stamps may be from that, nanoseconds
   */
  constructor(offset: () => bigint, limit: bigint) {
    this.#offset = offset;
    this.#limit = limit;
  }

  /** @param side 0 for the first, 1 for the second */
  add(side: 0 | 1, stamp: bigint, value: T): void {
    const own = this.#kept[side];
    if (own.at(-1)?.value === value) return;
    own.push({ stamp, value });
    if (own.length > KEPT) own.shift();
    const due = side === 0 ? stamp + this.#offset() : stamp - this.#offset();
    const nearest = this.#kept[1 - side]!.reduce<Stamped<T> | undefined>(
      (best, other) => (best && size(best.stamp - due) < size(other.stamp - due) ? best : other),
      undefined,
    );
    if (nearest && size(nearest.stamp - due) <= this.#limit) {
      this.#stamps = side === 0 ? [stamp, nearest.stamp] : [nearest.stamp, stamp];
      this.newest.value = side === 0 ? [value, nearest.value] : [nearest.value, value];
    } else if (size(stamp - this.#stamps[side]) > HOLD) this.newest.value = undefined;
  }
}

const size = (difference: bigint): bigint => (difference < 0n ? -difference : difference);
