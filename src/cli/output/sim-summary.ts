import { max, mean, min } from "d3-array";
import { percent, wholePercent } from "../../numbers/format.js";
import { median } from "../../numbers/quantile.js";
import type { Method } from "../../relevance/contract/method.js";
import type { SimulatedSource } from "../../sim/source.js";
import type { Statistics } from "./statistics.js";
import { joined } from "./wrapping.js";

/** Summary of a simulated run, the last object of `sim --json`. Numbers without a measurement are null. */
export interface SimSummary {
  readonly ticks: number;
  readonly episodes: number;
  /** Part of the finished episodes, 0 to 1. */
  readonly success_rate: number | null;
  readonly final_error_m: { readonly median: number | null; readonly max: number | null };
  /** Sum of an episode's rewards; of worlds. */
  readonly episode_return: { readonly mean: number | null; readonly min: number | null; readonly max: number | null };
  /** Means over the ticks that are not idle. */
  readonly shares: Readonly<Record<string, number>>;
  readonly idle_ticks: number;
  readonly latency_ms: { readonly p50: number | null; readonly p99: number | null };
  /** Explanations that took longer than the budget. */
  readonly misses: number;
  /** Ticks that began later than real time. */
  readonly late_ticks: number;
  /** Null where none was computed. */
  readonly conservation_residual_max: number | null;
  readonly seconds: number;
}

export function summarise(
  source: Pick<SimulatedSource, "summary">,
  statistics: Statistics,
  seconds: number,
): SimSummary {
  const { episodes, successRate, finalErrors, returns, lateTicks } = source.summary();
  return {
    ticks: statistics.ticks,
    episodes,
    success_rate: orNull(successRate),
    final_error_m: {
      median: orNull(median(finalErrors)),
      max: max(finalErrors) ?? null,
    },
    episode_return: { mean: mean(returns) ?? null, min: min(returns) ?? null, max: max(returns) ?? null },
    shares: statistics.meanShares(),
    idle_ticks: statistics.idle,
    latency_ms: { p50: orNull(statistics.latency(0.5)), p99: orNull(statistics.latency(0.99)) },
    misses: statistics.misses,
    late_ticks: lateTicks,
    conservation_residual_max: orNull(statistics.residualMax),
    seconds,
  };
}

const orNull = (value: number): number | null => (Number.isFinite(value) ? value : null);

/** The summary for a terminal of this width. */
export function summaryText(
  summary: SimSummary,
  { spec, conserves }: Pick<Method, "spec" | "conserves">,
  width = Number.POSITIVE_INFINITY,
): string {
  const { ticks, episodes, success_rate, shares, idle_ticks, latency_ms, misses, late_ticks } = summary;
  const { final_error_m, episode_return, conservation_residual_max: residual } = summary;
  if (ticks === 0) return "stopped before the first tick";
  const outcome =
    success_rate === null
      ? "no episode finished"
      : [
          `${count(episodes, "episode")}, success ${wholePercent(success_rate)}`,
          ...(final_error_m.median === null
            ? []
            : [`median final error ${(1000 * final_error_m.median).toFixed(1)} mm`]),
          ...(episode_return.mean === null ? [] : [`mean return ${episode_return.mean.toFixed(2)}`]),
        ].join(", ");
  const means = Object.entries(shares).map(([name, share]) => `${name} ${percent(share)}`);
  return [
    `${count(ticks, "tick")}; ${outcome}`,
    idle_ticks === ticks
      ? "shares  none: all ticks are idle"
      : joined(
          [`shares  ${means[0]}`, ...means.slice(1), `(mean over the ${ticks - idle_ticks} ticks that are not idle)`],
          {
            width,
            gap: "   ",
            indent: " ".repeat(8),
          },
        ),
    `latency p50 ${latency_ms.p50!.toFixed(1)} p99 ${latency_ms.p99!.toFixed(1)} ms   misses ${misses}   late ticks ${late_ticks}`,
    residual === null
      ? "conservation residual  none computed"
      : `conservation residual at most ${residual.toExponential(1)}${conserves ? "" : `   (${spec} does not conserve)`}`,
  ].join("\n");
}

const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? "" : "s"}`;
