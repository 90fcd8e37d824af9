import type { Reference } from "../../detectors/reference.js";
import type { Seen } from "../../detectors/seen.js";
import { type Alarm, Watch } from "../../detectors/watch.js";

/** A run as reasons judge it. It does not hold what was changed on purpose: a reason must show in what was seen. */
export interface JudgedRun {
  readonly name: string;
  readonly bag: string;
  readonly policySha256: string;
  readonly alarms: readonly Alarm[];
  /** Mean share of each modality, by name; NaN where no tick counts. */
  readonly shares: Readonly<Record<string, number>>;
  /** Joint positions of each tick, for the alignment with other runs. */
  readonly poses: readonly ArrayLike<number>[];
  /** Seconds from the first tick to each. */
  readonly seconds: readonly number[];
  /** Stamp of each tick, nanoseconds. */
  readonly stamps: readonly bigint[];
}

/** What `JudgedRun` has of what was seen. */
export type Watched = Pick<JudgedRun, "alarms" | "poses" | "seconds" | "stamps">;

/** What a detector finds in a run. */
export function watched(seen: readonly Seen[], reference: Reference | undefined): Watched {
  const watch = new Watch(reference);
  for (const tick of seen) watch.add(tick);
  const [first] = seen;
  return {
    alarms: watch.alarms,
    poses: seen.map(({ position }) => position),
    seconds: seen.map(({ stamp }) => Number(stamp - first!.stamp) / 1e9),
    stamps: seen.map(({ stamp }) => stamp),
  };
}
