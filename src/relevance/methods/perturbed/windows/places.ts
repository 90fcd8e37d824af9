/** A window that slides along one axis; `before` is the padding in front. */
export interface Sliding {
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
  /** Extents of the axis before and after. */
  readonly from: number;
  readonly to: number;
}

/** Place `at` of an axis, as change `of` leaves it. */
export interface Place {
  readonly of: number;
  readonly at: number;
}

/** Number of a change that there is not: its places fill up a table and are what they are without changes. */
export const NONE = -1;

/** The places along one axis of a map that changes reach. A change along both axes reaches rows times columns. */
export class Places {
  readonly #numbers = new Map<number, number>();

  /** @param extent of the axis */
  constructor(
    readonly extent: number,
    readonly list: readonly Place[],
  ) {
    for (const [number, { of, at }] of list.entries()) this.#numbers.set(of * extent + at, number);
  }

  /** The number of a place in the list, or -1 where the change does not reach it or it lies in the padding (-1). */
  numberOf(of: number, at: number): number {
    return of === NONE || at === -1 ? -1 : (this.#numbers.get(of * this.extent + at) ?? -1);
  }

  /** The places after a window that see one of these. */
  through(sliding: Sliding): Places {
    return new Places(
      sliding.to,
      sorted(this.list, (at) => seeing(sliding, at)),
    );
  }

  /** These places, and one that no change reaches behind them. */
  withNone(): Places {
    return new Places(this.extent, [...this.list.filter(({ of }) => of !== NONE), { of: NONE, at: 0 }]);
  }

  /** Runs of the list, of about as many places, in their order. */
  inRuns(count: number): Place[][] {
    const runs = Math.max(1, Math.min(count, this.list.length));
    return Array.from({ length: runs }, (_, i) => {
      const [start, end] = [i, i + 1].map((k) => Math.round((k * this.list.length) / runs));
      return this.list.slice(start, end);
    });
  }

  /** These places further along a longer or shorter axis. */
  moved(by: number, extent: number): Places {
    return new Places(
      extent,
      sorted(this.list, (at) => [at + by].filter((place) => place >= 0 && place < extent)),
    );
  }

  /** The places of both. */
  with(other: Places): Places {
    return new Places(
      this.extent,
      sorted([...this.list, ...other.list], (at) => [at]),
    );
  }
}

/** Distinct places, change after change, in order. */
function sorted(list: readonly Place[], to: (at: number) => readonly number[]): Place[] {
  const found = new Map<number, Set<number>>();
  for (const { of, at } of list) {
    if (of === NONE) continue;
    const places = found.get(of) ?? new Set();
    for (const place of to(at)) places.add(place);
    found.set(of, places);
  }
  return [...found]
    .sort(([a], [b]) => a - b)
    .flatMap(([of, places]) => [...places].sort((a, b) => a - b).map((at) => ({ of, at })));
}

/** The places after a window that see a place before it. */
export function seeing({ kernel, stride, dilation, before, to }: Sliding, at: number): number[] {
  const found: number[] = [];
  for (let k = 0; k < kernel; k++) {
    const place = (at + before - k * dilation) / stride;
    if (Number.isInteger(place) && place >= 0 && place < to) found.push(place);
  }
  return found;
}

/** The place before a window that its element `k` sees from `at`; -1 in the padding. */
export function seen({ stride, dilation, before, from }: Sliding, at: number, k: number): number {
  const place = at * stride + k * dilation - before;
  return place >= 0 && place < from ? place : -1;
}
