import { max } from "d3-array";
import { type MeanStd, mean, meanStd } from "../numbers/mean.js";
import { median, quantile } from "../numbers/quantile.js";
import type { Run, RunIdentity } from "./run.js";
import { counts, flagsAt, runName, secondsAt } from "./run.js";

/** What one torque of the run was based on. */
export interface JointDigest {
  readonly joint: string;
  /** Mean of |τ| over the ticks that count, N·m. */
  readonly torque: number;
  /** Mean importance factor α over them. */
  readonly importance: number;
  /** Mean share of each modality over them, [M]. */
  readonly shares: readonly number[];
}

/** What is kept of every tick for the ranking: n ticks, M modalities. */
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

/** A run summed up. */
export interface RunDigest {
  readonly name: string;
  readonly bag: string;
  readonly episode: number;
  readonly identity: RunIdentity;
  /** From the first tick's stamp to the last one's. */
  readonly seconds: number;
  /** Seconds from the bag's beginning to the first tick. */
  readonly seek: number;
  readonly ticks: number;
  /** Ticks whose shares count: computed, and not idle. */
  readonly counted: number;
  readonly idle: number;
  /** Over the ticks that count, [M]. */
  readonly shares: readonly MeanStd[];
  readonly joints: readonly JointDigest[];
  /** Conservation residual; NaN where none was computed. */
  readonly residual: { readonly median: number; readonly max: number };
  readonly latencyMs: { readonly p50: number; readonly p99: number };
  /** Ticks with each flag. */
  readonly flags: Readonly<Record<string, number>>;
  readonly trace: Trace;
}

export function digest(run: Run): RunDigest {
  const { identity, ticks } = run;
  const modalities = identity.modalities.length;
  const counted = Array.from({ length: ticks }, (_, i) => i).filter((i) => counts(run, i));
  const flags = count(run);
  return {
    name: runName(run),
    bag: run.bag,
    episode: run.episode,
    identity,
    seconds: secondsAt(run, ticks - 1),
    seek: Number(run.logTime[0]! - run.bagStart) / 1e9,
    ticks,
    counted: counted.length,
    idle: flags.idle ?? 0,
    shares: identity.modalities.map((_, m) => meanStd(counted, (i) => run.shares[i * modalities + m]!)),
    joints: identity.joints.map((joint, j) => jointDigest(run, counted, joint, j)),
    residual: { median: median(run.residual), max: max(run.residual) ?? Number.NaN },
    latencyMs: { p50: median(run.latencyMs), p99: quantile(run.latencyMs, 0.99) },
    flags,
    trace: trace(run, counted),
  };
}

function jointDigest(run: Run, ticks: readonly number[], joint: string, j: number): JointDigest {
  const { joints, modalities } = run.identity;
  const [count, width] = [joints.length, modalities.length];
  const over = (value: (i: number) => number) => mean(ticks, value);
  return {
    joint,
    torque: over((i) => Math.abs(run.torque[i * count + j]!)),
    importance: over((i) => run.importance[i * count + j]!),
    shares: modalities.map((_, m) => over((i) => run.torqueShares[(i * count + j) * width + m]!)),
  };
}

function count(run: Run): Record<string, number> {
  const counter: Record<string, number> = {};
  for (let i = 0; i < run.ticks; i++) {
    for (const flag of flagsAt(run, i)) counter[flag] = (counter[flag] ?? 0) + 1;
  }
  return counter;
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
