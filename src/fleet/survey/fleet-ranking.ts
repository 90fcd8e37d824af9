import { SHARE_FLOOR, UNUSUAL } from "../../analysis/ranking.js";
import { robustScore, robustSpread } from "../../analysis/robust.js";
import { percent } from "../../numbers/format.js";
import { median } from "../../numbers/quantile.js";
import type { Extreme, FleetRun, Group } from "./fleet-run.js";

/** Fewest runs that are compared with each other. */
const FEWEST = 5;
/** Least conservation residual that is listed. */
const RESIDUAL = 0.01;

export type Reason = "run" | "moment" | "residual" | "limit";

/** A run and second worth a look. */
export interface Notable {
  readonly reason: Reason;
  readonly run: FleetRun;
  /** Seconds from the bag's first message. */
  readonly seek: number;
  /** Comparable within a reason: robust z-score, residual, or seconds at the limit. */
  readonly score: number;
  readonly what: string;
}

/**
 * What to look at first among a group's runs, the most notable of each reason first.
 * @param limit most of each reason
 */
export function notable({ runs, modalities }: Group, limit: number): Notable[] {
  const found: Record<Reason, Notable[]> = { run: [], moment: [], residual: [], limit: [] };
  modalities.forEach((modality, m) => {
    const unusual = (reason: Reason, of: (run: FleetRun) => Extreme, most: string) => {
      const spread =
        runs.length < FEWEST
          ? undefined
          : robustSpread(
              runs.map((run) => of(run).value),
              SHARE_FLOOR,
            );
      if (!spread) return;
      for (const run of runs) {
        const { value, seek } = of(run);
        const score = Math.abs(robustScore(value, spread));
        if (!(score >= UNUSUAL)) continue;
        found[reason].push({
          reason,
          run,
          seek,
          score,
          what: `${modality} ${most}${percent(value)}, usually ${percent(spread.center)}`,
        });
      }
    };
    const usual = median(runs.map(({ shares }) => shares[m]!));
    unusual("run", (run) => ({ value: run.shares[m]!, seek: farthest(run, m, usual) }), "");
    unusual("moment", ({ least }) => least[m]!, "at least ");
    unusual("moment", ({ most }) => most[m]!, "at most ");
  });
  for (const run of runs) {
    const { residual, limit: stretch } = run;
    if (residual.value >= RESIDUAL)
      found.residual.push({
        reason: "residual",
        run,
        seek: residual.seek,
        score: residual.value,
        what: `relevance that does not add up: ${percent(residual.value)}`,
      });
    if (stretch.value > 0)
      found.limit.push({
        reason: "limit",
        run,
        seek: stretch.seek,
        score: stretch.value,
        what: `at a limit for ${stretch.value.toFixed(2)} s`,
      });
  }
  // The moments of a run that is unusual as a whole say no more.
  const whole = new Set(found.run.map(({ run }) => run));
  found.moment = found.moment.filter(({ run }) => !whole.has(run));
  return Object.values(found).flatMap((all) => onePerRun(all.sort(byScore)).slice(0, limit));
}

/** Of shares that add up, two can be as unusual: the first one is told. */
const byScore = (a: Notable, b: Notable) => (Math.abs(a.score - b.score) < 1e-3 * a.score ? 0 : b.score - a.score);

/** A run is listed once for a reason, by its most notable modality. */
function onePerRun(sorted: readonly Notable[]): Notable[] {
  const seen = new Set<FleetRun>();
  return sorted.filter(({ run }) => !seen.has(run) && seen.add(run));
}

/** Second of a run in which a share is farthest from the usual one. */
function farthest({ least, most }: FleetRun, m: number, usual: number): number {
  const [low, high] = [least[m]!, most[m]!];
  return usual - low.value > high.value - usual ? low.seek : high.seek;
}
