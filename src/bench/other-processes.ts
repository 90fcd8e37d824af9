import { cpus } from "node:os";

/** What the machine's processors have done so far, milliseconds. */
export interface Reading {
  readonly at: number;
  /** Time that all processors have worked. */
  readonly busy: number;
  readonly idle: number;
  /** Processor time of this process. */
  readonly own: number;
}

/** Shorter periods tell nothing: systems count in hundredths of a second, milliseconds. */
const SHORTEST = 500;

function read(): Reading {
  const { user, system } = process.cpuUsage();
  let [busy, idle] = [0, 0];
  for (const { times } of cpus()) {
    busy += times.user + times.nice + times.sys + times.irq;
    idle += times.idle;
  }
  return { at: performance.now(), busy, idle, own: (user + system) / 1000 };
}

/** Part of the processors that other processes took between two readings; undefined where that is unknown. */
export function othersBetween(one: Reading, other: Reading): number | undefined {
  const change = (key: keyof Reading): number => other[key] - one[key];
  const all = change("busy") + change("idle");
  if (all === 0 || change("at") < SHORTEST) return undefined;
  return Math.min(1, Math.max(0, (change("busy") - change("own")) / all));
}

/** Begins to watch the processors. @returns the part of them that other processes took since (see `othersBetween`) */
export function watchOthers(): () => number | undefined {
  const before = read();
  return () => othersBetween(before, read());
}
