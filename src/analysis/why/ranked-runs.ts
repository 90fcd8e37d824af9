import type { Detector } from "../../detectors/detector.js";
import { type DetectorName, detectorNamed } from "../../detectors/table.js";
import type { JudgedRun } from "./judge.js";
import { nameOf, trustOf } from "./reasons.js";

/** What a detector is about, as a group of runs is called. */
export const GROUP_NAMES: Readonly<Record<Detector["about"], string>> = {
  image: "the image",
  joints: "the joints",
  clock: "the clock",
  motion: "the arm's motion",
  words: "the words",
  action: "the previous action",
};

/** A failed run by what was out of line in it, with its moment. */
export interface RankedRun {
  readonly run: string;
  readonly about: Detector["about"];
  readonly reason: DetectorName;
  /** 0 to 1: trust in the detector, less for one that fires in good runs, and how far beyond its threshold this run is. */
  readonly confidence: number;
  readonly tick: number;
  readonly seconds: number;
  readonly text: string;
}

/**
 * Failed runs by what was first out of line in each, the surest first; runs in which nothing was are left out. Whether
 * others have it too does not matter, unlike for the reasons of them all, but whether good runs have it does.
 */
export function rankedRuns(failed: readonly JudgedRun[], good: readonly JudgedRun[]): RankedRun[] {
  const inGood = (name: DetectorName) =>
    good.filter(({ alarms }) => alarms.some((alarm) => nameOf(alarm) === name)).length / Math.max(1, good.length);
  return failed
    .flatMap(({ name: run, alarms, seconds }) => {
      const found = alarms
        .filter(({ isSecondary }) => !isSecondary)
        .flatMap((alarm): RankedRun[] => {
          const reason = nameOf(alarm);
          const confidence = trustOf(reason) * Math.max(0, 1 - 2 * inGood(reason));
          if (confidence === 0) return [];
          const { score, from: tick, text } = alarm;
          return [
            {
              ...{ run, reason, about: detectorNamed(reason).about },
              confidence: confidence * (1 - 1 / (1 + score)),
              ...{ tick, seconds: seconds[tick]!, text },
            },
          ];
        });
      return found.sort((a, b) => b.confidence - a.confidence).slice(0, 1);
    })
    .sort((a, b) => b.confidence - a.confidence);
}

/** The runs by what they are about, the group of the surest run first. */
export const groupsOf = (
  ranked: readonly RankedRun[],
): { readonly about: RankedRun["about"]; readonly runs: readonly RankedRun[] }[] =>
  [...new Set(ranked.map(({ about }) => about))].map((about) => ({
    about,
    runs: ranked.filter((run) => run.about === about),
  }));
