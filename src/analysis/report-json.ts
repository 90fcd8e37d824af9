import { number } from "../numbers/format.js";
import { type CurveStatistics, gridPoint } from "./curve.js";
import type { RunDigest } from "./digest.js";
import type { Findings } from "./findings.js";
import type { Ranking } from "./ranking.js";
import type { Comparison, Survey } from "./survey.js";

/** The report's numbers as an object for JSON; what is not known is null, stamps are strings of nanoseconds. */
export function reportJson({ sets, comparison, notes }: Findings): object {
  return {
    torquelens_report: 1,
    sets: sets.map(({ survey, ranking }) => setJson(survey, ranking)),
    ...(comparison.length > 0 && { comparison: comparison.map(comparisonJson) }),
    notes,
  };
}

function setJson(survey: Survey, ranking: Ranking): object {
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
    modalities,
    runs: runs.map(runJson),
    shares: byModality(modalities, (m) => meanStd(survey.meanShare(m))),
    per_torque: survey.joints().map(({ joint, torque, importance, shares }) => ({
      joint,
      torque: number(torque),
      importance: number(importance),
      shares: byModality(modalities, (m) => number(shares[m]!)),
    })),
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

function runJson({ identity, trace: _, ...run }: RunDigest): object {
  const { modalities } = identity;
  return {
    name: run.name,
    bag: run.bag,
    episode: run.episode,
    seek: number(run.seek),
    seconds: number(run.seconds),
    ticks: run.ticks,
    counted: run.counted,
    idle: run.idle,
    shares: byModality(modalities, (m) => meanStd(run.shares[m]!)),
    per_torque: run.joints.map(({ joint, torque, importance, shares }) => ({
      joint,
      torque: number(torque),
      importance: number(importance),
      shares: byModality(modalities, (m) => number(shares[m]!)),
    })),
    conservation_residual: { median: number(run.residual.median), max: number(run.residual.max) },
    latency_ms: { p50: number(run.latencyMs.p50), p99: number(run.latencyMs.p99) },
    flags: run.flags,
  };
}

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

function byModality<T>(modalities: readonly string[], value: (m: number) => T): Record<string, T> {
  return Object.fromEntries(modalities.map((modality, m) => [modality, value(m)]));
}

const meanStd = ({ mean, std }: { readonly mean: number; readonly std: number }) => ({
  mean: number(mean),
  std: number(std),
});
