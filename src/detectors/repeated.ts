import { own } from "../own.js";
import type { FoundAt } from "./each.js";
import { LAG_TICKS } from "./lag.js";
import { ago, type Moment, wayOf } from "./moment.js";
import { lagNow } from "./pose-misfit.js";

/** Most ticks of a delay that is looked for. */
const MOST_LATE = 12;

/** A picture that came again after others, so many ticks ago. */
interface Again {
  readonly late: number;
  readonly count: number;
  /** Way of the joints since, rad. */
  readonly way: number;
}

/**
 * Pictures that come again after others: several in their order, or the run's first that then stays, as at the start of a delay
 * that is longer than the run so far. One alone, or some in the opposite order, an arm that turns back shows too.
 */
export function repeated(moment: Moment, camera: string): Again | undefined {
  const hashes = moment.ticks.map(({ looks }) => own(looks, camera)?.hash);
  const now = hashes.length - 1;
  const same = (late: number) => {
    let count = 0;
    while (now - count >= Math.max(late, 1) && hashes[now - count] === hashes[now - count - late]) count++;
    return count;
  };
  for (let late = 2; late <= Math.min(MOST_LATE, now); late++) {
    const count = same(late);
    const isAfterOthers = hashes[now - count + 1] !== hashes[now - count];
    if (count > 1 && hashes[now] !== hashes[now - 1] && isAfterOthers)
      return { late, count, way: wayOver(moment, late) };
  }
  const count = same(1) + 1;
  const isFirst = moment.index === now && hashes[now] === hashes[0] && count <= now;
  return isFirst && count > 1 ? { late: now - count + 1, count, way: wayOver(moment, count - 1) } : undefined;
}

/** Pictures that show where the joints were some ticks before. */
export function behind(moment: Moment, camera: string): FoundAt | undefined {
  const [hash, before] = [0, 1].map((count) => own(ago(moment, count)?.looks ?? {}, camera)?.hash);
  const lag = lagNow(moment);
  // A picture that stays the same is no late one.
  if (!lag || lag.score < 1 || hash === before) return undefined;
  const text = `${camera}: the pictures show where the joints were ${lag.ticks} ticks before`;
  return { score: lag.score, since: LAG_TICKS - 1, text };
}

/** Way of all joints over the last ticks, rad. */
function wayOver(moment: Moment, count: number): number {
  let way = 0;
  for (let k = 0; k < count; k++) way += wayOf(ago(moment, k + 1)!, ago(moment, k)!);
  return way;
}
