import { number } from "../numbers/format.js";
import { areTorques, meaningJson } from "../outputs/kinds.js";
import { type CurveStatistics, gridPoint } from "./curve.js";
import type { RunDigest } from "./digest.js";
import type { Findings, SetFindings } from "./findings.js";
import { METRIC_ROWS } from "./metrics.js";
import type { Comparison } from "./survey.js";
import { byModality } from "./table-column.js";
import type { WhyFindings } from "./why/why-of.js";

/** The report's numbers as an object for JSON; what is not known is null, stamps are strings of nanoseconds. */
export function reportJson({ sets, comparison, notes, why, whatIf }: Findings): object {
  return {
    torquelens_report: 1,
    why: whyJson(why),
    ...(whatIf && {
      what_if: {
        evidence: whatIf.evidence,
        agreement: whatIf.agreements.map(({ method, regions, modalities, deletion, insertion, moments }) => ({
          ...{ method, moments },
          regions: number(regions),
          modalities: number(modalities),
          deletion: number(deletion),
          insertion: number(insertion),
        })),
      },
    }),
    sets: sets.map(setJson),
    ...(comparison.length > 0 && { comparison: comparison.map(comparisonJson) }),
    notes,
  };
}

function whyJson({ by, runs, failed, unknown, learned, reasons, ranked, phases }: WhyFindings): object {
  return {
    ...{ by, runs, failed, unknown, good_runs_learned_from: learned.runs, good_runs_left_out: learned.leftOut },
    reasons: reasons.map(({ confidence, moment, failed, good, ...reason }) => ({
      ...reason,
      confidence: number(confidence),
      failed_runs: failed,
      good_runs: good,
      moment: moment ? { ...moment, seconds: number(moment.seconds) } : null,
    })),
    ranked_runs: ranked.map(({ confidence, seconds, ...run }) => ({
      ...run,
      confidence: number(confidence),
      seconds: number(seconds),
    })),
    ...(phases && {
      by_phase: {
        sets: phases.sets.map(({ name, curves }) => ({
          ...{ name, runs: curves.curves },
          ...curveJson("percent", curves, phases.modalities),
        })),
      },
    }),
  };
}

function setJson({ survey, ranking, conventions }: SetFindings): object {
  const { identity, runs, episode, alignments } = survey;
  const { modalities } = identity;
  return {
    name: survey.name,
    method: identity.method,
    policy_sha256: identity.policySha256,
    convention: {
      reference: Object.fromEntries(modalities.map((modality, m) => [modality, identity.references[m]])),
      feature_points: identity.featurePoints,
    },
    joints: identity.joints,
    ...(areTorques(identity.outputs) ? {} : { outputs: identity.outputs.map(meaningJson) }),
    modalities,
    ...(conventions.length > 0 && {
      conventions: conventions.map(({ convention, shares, ticks }) => ({
        convention,
        ticks,
        shares: byModality(modalities, (m) => number(shares[m]!)),
      })),
    }),
    runs: runs.map(runJson),
    ...metricsJson(([name, metric]) =>
      metric.ofSet ? metric.json(metric.ofSet(runs.map((run) => run[name])), identity) : {},
    ),
    over_episode: curveJson("percent", episode, modalities),
    events: alignments.map(({ event, curves }) => ({
      event: event.text,
      count: curves.curves,
      ...curveJson("seconds", curves, modalities),
    })),
    ranking: {
      runs: ranking.runs.map(({ run, score, modality, moment }) => ({
        run: runs[run]!.name,
        score: number(score),
        modality: modality ?? null,
        moment_score: number(moment),
      })),
      moments: ranking.moments.map(({ reason, run, index, seconds, seek, stamp, score, what }) => ({
        reason,
        run: runs[run]!.name,
        bag: runs[run]!.bag,
        index,
        seconds: number(seconds),
        seek: number(seek),
        t_ns: String(stamp),
        score: number(score),
        what,
      })),
    },
  };
}

const metricsJson = (json: (row: (typeof METRIC_ROWS)[number]) => object): object =>
  Object.assign({}, ...METRIC_ROWS.map(json));

const runJson = (run: RunDigest): object => ({
  name: run.name,
  bag: run.bag,
  episode: run.episode,
  ...metricsJson(([name, metric]) => metric.json(run[name], run.identity)),
});

function comparisonJson({ modality, difference }: Comparison): object {
  if (!difference) return { modality, difference: null };
  const { a, b, interval, hedgesG, cliffsDelta } = difference;
  return {
    modality,
    a: number(a),
    b: number(b),
    difference: number(difference.difference),
    interval_95: interval ? interval.map(number) : null,
    hedges_g: number(hedgesG ?? Number.NaN),
    cliffs_delta: number(cliffsDelta),
  };
}

function curveJson(axis: string, curves: CurveStatistics, modalities: readonly string[]): object {
  const points = Array.from({ length: curves.grid.points }, (_, k) => k);
  return {
    [axis]: points.map((k) => number(gridPoint(curves.grid, k))),
    shares: byModality(modalities, (m) => ({
      mean: points.map((k) => number(curves.at(k, m).mean)),
      std: points.map((k) => number(curves.at(k, m).std)),
    })),
  };
}
