import { type MetricValues, valuesOf } from "./metrics.js";
import { counts, type Run, type RunIdentity, runName } from "./run.js";

/** What the ranking needs of every tick: n ticks, M modalities. */
export interface Trace {
  /** Stamp of the image, nanoseconds, [n]. */
  readonly stamp: BigInt64Array;
  /** Seconds from the bag's beginning to where a player must seek, [n]. */
  readonly seek: Float32Array;
  /** Shares, [n × M]; NaN where the tick does not count. */
  readonly shares: Float32Array;
  readonly residual: Float32Array;
  readonly flagSets: Run["flagSets"];
  readonly flags: Uint16Array;
}

/** A run's metrics, and what the ranking needs of it. */
export interface RunDigest extends MetricValues {
  readonly name: string;
  readonly bag: string;
  readonly episode: number;
  readonly identity: RunIdentity;
  readonly trace: Trace;
}

export function digest(run: Run): RunDigest {
  const counted = Array.from({ length: run.ticks }, (_, i) => i).filter((i) => counts(run, i));
  return {
    name: runName(run),
    bag: run.bag,
    episode: run.episode,
    identity: run.identity,
    ...valuesOf(run, counted),
    trace: trace(run, counted),
  };
}

function trace(run: Run, counted: readonly number[]): Trace {
  const width = run.identity.modalities.length;
  const shares = new Float32Array(run.shares.length).fill(Number.NaN);
  for (const i of counted) shares.set(run.shares.subarray(i * width, (i + 1) * width), i * width);
  return {
    stamp: run.stamp,
    seek: Float32Array.from(run.logTime, (time) => Number(time - run.bagStart) / 1e9),
    shares,
    residual: run.residual,
    flagSets: run.flagSets,
    flags: run.flags,
  };
}
