import { percent } from "../numbers/format.js";
import { wordsOf } from "../outputs/kinds.js";
import type { RunDigest } from "./digest.js";
import { type RobustSpread, robustScore, robustSpread } from "./robust.js";

/** Least spread of shares: smaller differences, below half a percentage point, do not matter. */
export const SHARE_FLOOR = 0.005;

/** Shares at least this many robust standard deviations from the median are unusual (Iglewicz and Hoaglin 1993). */
export const UNUSUAL = 3.5;

/** Least conservation residual of a moment that is listed, part of Σα|τ|. */
const RESIDUAL = 0.01;

/** Fewest runs whose means are compared with each other, and whose ticks are compared by phase of the episode. */
const FEWEST_RUNS = 5;
const PHASES = 10;

/** Flags of a torque or a joint at its limit. */
export const LIMIT_FLAGS: readonly string[] = ["limit_clipped", "at_limit"];

export type Reason = "shares" | "residual" | "limits";

/** A moment worth a look. */
export interface Moment {
  readonly reason: Reason;
  /** Index of the run. */
  readonly run: number;
  /** Index of the tick in the run. */
  readonly index: number;
  /** Seconds from the run's first tick, and from the bag's beginning: where a player must seek. */
  readonly seconds: number;
  readonly seek: number;
  /** Stamp of the image, nanoseconds. */
  readonly stamp: bigint;
  /** Robust z-score, residual, or seconds at the limit: comparable within a reason. */
  readonly score: number;
  /** Description. */
  readonly what: string;
}

export interface RunRank {
  readonly run: number;
  /** Largest robust z-score of the run's mean shares among the runs', with its modality; NaN for fewer than 5 runs. */
  readonly score: number;
  readonly modality: string | undefined;
  /** Score of the run's most unusual moment; 0 where it has none. */
  readonly moment: number;
}

export interface Ranking {
  readonly runs: readonly RunRank[];
  /** For each reason, the most notable first. */
  readonly moments: readonly Moment[];
  /** Number of phases of the episode within which moments are compared. */
  readonly phases: number;
}

/**
 * Orders runs and moments of one set by how unusual they are.
 * @param limit most moments for each reason
 */
export function rank(runs: readonly RunDigest[], limit: number): Ranking {
  const phases = runs.length >= FEWEST_RUNS ? PHASES : 1;
  const spreads = momentSpreads(runs, phases);
  const scored = runs.map((run, index) => unusualMoments(run, index, spreads, phases));
  const means = meanSpreads(runs);
  const ranks = runs.map((run, index) => ({
    run: index,
    ...unusualMean(run, means),
    moment: Math.max(0, ...scored[index]!.map(({ score }) => score)),
  }));
  const top = (moments: Moment[]) => moments.sort((a, b) => b.score - a.score).slice(0, limit);
  return {
    runs: ranks.sort((a, b) => (b.score || 0) - (a.score || 0) || b.moment - a.moment || a.run - b.run),
    moments: [...top(scored.flat()), ...top(runs.flatMap(residualMoments)), ...top(runs.flatMap(limitStretches))],
    phases,
  };
}

/** [phase][modality] */
type Spreads = readonly (readonly (RobustSpread | undefined)[])[];

/** A phase in which too few runs have ticks that count is compared with the whole episode. */
function momentSpreads(runs: readonly RunDigest[], phases: number): Spreads {
  const modalities = runs[0]?.identity.modalities ?? [];
  const spreads = (phase: number, of: number) =>
    modalities.map((_, m) => robustSpread(valuesOf(runs, m, phase, of), SHARE_FLOOR));
  const whole = spreads(0, 1);
  if (phases === 1) return [whole];
  return Array.from({ length: phases }, (_, phase) => {
    const counting = runs.filter((run) => valuesOf([run], 0, phase, phases).some((share) => !Number.isNaN(share)));
    return counting.length >= FEWEST_RUNS ? spreads(phase, phases) : whole;
  });
}

function valuesOf(runs: readonly RunDigest[], m: number, phase: number, phases: number): number[] {
  return runs.flatMap(({ trace, ticks: { all: ticks }, identity }) => {
    const width = identity.modalities.length;
    const from = firstOf(phase, phases, ticks);
    return Array.from(
      { length: firstOf(phase + 1, phases, ticks) - from },
      (_, k) => trace.shares[(from + k) * width + m]!,
    );
  });
}

const firstOf = (phase: number, phases: number, ticks: number) => Math.ceil((phase * ticks) / phases);

/** The most unusual ticks of a run, one of those close together. */
function unusualMoments(run: RunDigest, index: number, spreads: Spreads, phases: number): Moment[] {
  const { trace, identity } = run;
  const { modalities } = identity;
  const ticks = run.ticks.all;
  const found: Moment[] = [];
  for (let i = 0; i < ticks; i++) {
    const phase = Math.min(phases - 1, Math.floor((i * phases) / ticks));
    const at = strongest(modalities, (m) => {
      const spread = spreads[phase]![m];
      return spread ? robustScore(trace.shares[i * modalities.length + m]!, spread) : Number.NaN;
    });
    if (!at || Math.abs(at.score) < UNUSUAL) continue;
    const share = trace.shares[i * modalities.length + at.m]!;
    const usual = spreads[phase]![at.m]!.center;
    found.push({
      ...momentAt(run, index, i),
      reason: "shares",
      score: Math.abs(at.score),
      what: `${modalities[at.m]} ${percent(share)}, usually ${percent(usual)}`,
    });
  }
  return thinned(found, run.duration.seconds);
}

function unusualMean(
  { shares, identity }: RunDigest,
  means: readonly (RobustSpread | undefined)[],
): Pick<RunRank, "score" | "modality"> {
  const at = strongest(identity.modalities, (m) => {
    const spread = means[m];
    return spread ? robustScore(shares[m]!.mean, spread) : Number.NaN;
  });
  return at
    ? { score: Math.abs(at.score), modality: identity.modalities[at.m] }
    : { score: Number.NaN, modality: undefined };
}

function meanSpreads(runs: readonly RunDigest[]): (RobustSpread | undefined)[] {
  if (runs.length < FEWEST_RUNS) return [];
  return runs[0]!.identity.modalities.map((_, m) =>
    robustSpread(
      runs.map(({ shares }) => shares[m]!.mean),
      SHARE_FLOOR,
    ),
  );
}

function strongest(
  modalities: readonly string[],
  score: (m: number) => number,
): { m: number; score: number } | undefined {
  let best: { m: number; score: number } | undefined;
  modalities.forEach((_, m) => {
    const found = score(m);
    if (!Number.isNaN(found) && (!best || Math.abs(found) > Math.abs(best.score))) best = { m, score: found };
  });
  return best;
}

/** Ticks whose relevance does not add up to the outputs, by a method that conserves: only there are they flagged. */
function residualMoments(run: RunDigest, index: number): Moment[] {
  const found: Moment[] = [];
  run.trace.residual.forEach((score, i) => {
    const flags = run.trace.flagSets[run.trace.flags[i]!]!;
    if (!(score >= RESIDUAL) || !flags.includes("not_conserving")) return;
    if (Number.isNaN(run.trace.shares[i * run.identity.modalities.length]!)) return;
    const what = `relevance differs from the ${wordsOf(run.identity.outputs).plural} by ${percent(score)}`;
    found.push({ ...momentAt(run, index, i), reason: "residual", score, what });
  });
  return thinned(found, run.duration.seconds);
}

/** The longest stretches of ticks with the same limit flags, at their first tick. */
function limitStretches(run: RunDigest, index: number): Moment[] {
  const { trace } = run;
  const ticks = run.ticks.all;
  const at = (i: number) => trace.flagSets[trace.flags[i]!]!.filter((flag) => LIMIT_FLAGS.includes(flag)).join(", ");
  const found: Moment[] = [];
  for (let i = 0; i < ticks; ) {
    const flags = at(i);
    let end = i + 1;
    while (end < ticks && at(end) === flags) end++;
    if (flags !== "") {
      const score = Number(trace.stamp[Math.min(end, ticks - 1)]! - trace.stamp[i]!) / 1e9;
      const what = `${flags} for ${score.toFixed(2)} s`;
      found.push({ ...momentAt(run, index, i), reason: "limits", score, what });
    }
    i = end;
  }
  return found.sort((a, b) => b.score - a.score).slice(0, MOST_PER_RUN);
}

function momentAt({ trace }: RunDigest, run: number, index: number) {
  const stamp = trace.stamp[index]!;
  return { run, index, stamp, seconds: Number(stamp - trace.stamp[0]!) / 1e9, seek: trace.seek[index]! };
}

/** Keeps the strongest of moments within a tenth of the run of each other, at most a second. */
function thinned(moments: readonly Moment[], seconds: number): Moment[] {
  const apart = Math.min(1, seconds / 10);
  const kept: Moment[] = [];
  for (const moment of moments.toSorted((a, b) => b.score - a.score)) {
    if (kept.length >= MOST_PER_RUN) break;
    if (kept.every((other) => Math.abs(other.seconds - moment.seconds) > apart)) kept.push(moment);
  }
  return kept;
}

/** Most moments of one reason from one run, so that one run does not fill the list. */
const MOST_PER_RUN = 3;
