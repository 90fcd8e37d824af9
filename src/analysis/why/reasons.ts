import { type DetectorName, detectorNamed } from "../../detectors/table.js";
import type { Alarm } from "../../detectors/watch.js";
import { percent } from "../../numbers/format.js";
import { own } from "../../own.js";
import { compare } from "../compare.js";
import type { JudgedRun } from "./judge.js";

/** A likely reason why runs failed. */
export interface Reason {
  /** Name of the detector, or `policy` or `shares`. */
  readonly name: DetectorName | "policy" | "shares";
  readonly words: string;
  readonly hint: string;
  /** 0 to 1: how sure it is that this is wrong, and that it is wrong in failed runs alone. */
  readonly confidence: number;
  /** Number of failed and of good runs that have it. */
  readonly failed: number;
  readonly good: number;
  /** What speaks for it, a line each. */
  readonly evidence: readonly string[];
  /** Where it shows best: name of a failed run and the tick, from 0. */
  readonly moment?: { readonly run: string; readonly tick: number; readonly seconds: number } | undefined;
}

export interface Why {
  readonly runs: number;
  readonly failed: number;
  /** The likeliest first; empty where nothing separates the sets or no run failed. */
  readonly reasons: readonly Reason[];
}

/** Ticks after the start of a run up to which a strange scene is that of the whole run. */
const FROM_START = 3;

/** How often a detector's alarm in a run that failed is what is wrong, where it is the first (docs/why.md). */
const TRUST: Readonly<Partial<Record<string, number>>> = {
  motion: 0.8,
  pose: 0.7,
  unfamiliar: 0.8,
  scene_changed: 0.85,
  frozen: 0.9,
  repeating: 0.5,
  words_unheeded: 0.4,
};
const USUAL_TRUST = 0.95;
export const trustOf = (name: DetectorName): number => own(TRUST, name) ?? USUAL_TRUST;
/** Weight of what another detector's alarm explains. */
const SECONDARY = 0.35;
/** Evidence of a reason that no detector found first in any run. */
const AFTER_ANOTHER = "always after something else, which may explain it";
/** A strange policy is wrong before its pictures are. */
const OF_POLICY = 0.97;
/** Least confidence of a reason that is told. */
const LEAST = 0.2;
/** Least of Cliff's δ for which shares are told, in at least so many runs of each set. */
const APART = 0.8;
const FEWEST = 4;

/** A strange scene that was not there from the start is one that changed. */
export const nameOf = ({ detector, from }: Alarm): DetectorName =>
  detector === "unfamiliar" && from > FROM_START ? "scene_changed" : detector;

/**
 * The likeliest reasons why runs failed.
 * @param failed the runs that failed @param good the runs that did not
 */
export function reasonsOf(failed: readonly JudgedRun[], good: readonly JudgedRun[]): Why {
  const runs = failed.length + good.length;
  if (failed.length === 0) return { runs, failed: 0, reasons: [] };
  const reasons = [...policyReasons(failed, good), ...alarmReasons(failed, good), ...shareReasons(failed, good)];
  return {
    runs,
    failed: failed.length,
    reasons: reasons.filter(({ confidence }) => confidence >= LEAST).sort((a, b) => b.confidence - a.confidence),
  };
}

/** Part of the failed runs that have something, less that of the good ones, each as if one more run had half of it. */
const separation = (failed: number, ofFailed: number, good: number, ofGood: number): number =>
  Math.max(0, (failed + 0.5) / (ofFailed + 0.5) - (ofGood > 0 ? (2 * good) / ofGood : 0)) /
  ((ofFailed + 1) / (ofFailed + 0.5));

function alarmReasons(failed: readonly JudgedRun[], good: readonly JudgedRun[]): Reason[] {
  const names = new Set(failed.flatMap(({ alarms }) => alarms.map(nameOf)));
  return Array.from(names, (name) => {
    const having = (runs: readonly JudgedRun[]) =>
      runs.flatMap((run) => {
        const alarm = run.alarms
          .filter((found) => nameOf(found) === name)
          .sort((a, b) => Number(a.isSecondary) - Number(b.isSecondary))[0];
        return alarm ? [{ run, alarm }] : [];
      });
    const [inFailed, inGood] = [having(failed), having(good)];
    const weight = inFailed.reduce((sum, { alarm }) => sum + (alarm.isSecondary ? SECONDARY : 1), 0) / inFailed.length;
    const { words, hint } = detectorNamed(name);
    const [shown] = [...inFailed].sort(
      (a, b) => Number(a.alarm.isSecondary) - Number(b.alarm.isSecondary) || b.alarm.score - a.alarm.score,
    );
    const { run, alarm } = shown!;
    const parts = separation(inFailed.length, failed.length, inGood.length, good.length);
    return {
      ...{ name, words, hint },
      confidence: weight * parts * trustOf(name),
      failed: inFailed.length,
      good: inGood.length,
      evidence: [
        `${alarm.text} (${run.name}, from ${run.seconds[alarm.from]!.toFixed(2)} s on)`,
        `in ${inFailed.length} of ${failed.length} runs that failed${good.length > 0 ? `, in ${inGood.length} of ${good.length} that did not` : "; there is no good run to compare with"}`,
        ...(inFailed.every(({ alarm }) => alarm.isSecondary) ? [AFTER_ANOTHER] : []),
      ],
      moment: { run: run.name, tick: alarm.from, seconds: run.seconds[alarm.from]! },
    };
  });
}

function policyReasons(failed: readonly JudgedRun[], good: readonly JudgedRun[]): Reason[] {
  const known = new Set(good.map(({ policySha256 }) => policySha256));
  const strange = failed.filter(({ policySha256 }) => !known.has(policySha256));
  const [first] = strange;
  if (known.size === 0 || !first) return [];
  return [
    {
      name: "policy",
      words: "another policy ran",
      hint: "compare with the policy of the good runs before anything else",
      confidence: OF_POLICY * separation(strange.length, failed.length, 0, good.length),
      failed: strange.length,
      good: 0,
      evidence: [
        `${first.name} ran the policy ${first.policySha256.slice(0, 12)}…, good runs ${[...known].map((sha256) => `${sha256.slice(0, 12)}…`).join(", ")}`,
        `in ${strange.length} of ${failed.length} runs that failed`,
      ],
      moment: { run: first.name, tick: 0, seconds: 0 },
    },
  ];
}

/** Shares that tell the sets apart: where the policy looked, which says little about why. */
function shareReasons(failed: readonly JudgedRun[], good: readonly JudgedRun[]): Reason[] {
  if (failed.length < FEWEST || good.length < FEWEST) return [];
  const found = Object.keys(failed[0]!.shares).flatMap((modality) => {
    const of = (runs: readonly JudgedRun[]) => runs.map(({ shares }) => own(shares, modality) ?? Number.NaN);
    const difference = compare(of(good), of(failed));
    return difference && Math.abs(difference.cliffsDelta) >= APART ? [{ modality, difference }] : [];
  });
  const [most] = found.sort((a, b) => Math.abs(b.difference.cliffsDelta) - Math.abs(a.difference.cliffsDelta));
  if (!most) return [];
  const { modality, difference } = most;
  return [
    {
      name: "shares",
      words: `the share of ${modality} is out of line`,
      hint: "shares say what the commands were computed from, not why they were wrong: look at the other reasons first",
      confidence: 0.3 * Math.abs(difference.cliffsDelta),
      failed: failed.length,
      good: good.length,
      evidence: [
        `${percent(difference.b)} in runs that failed, ${percent(difference.a)} in those that did not (Cliff’s δ ${difference.cliffsDelta.toFixed(2)})`,
      ],
    },
  ];
}
