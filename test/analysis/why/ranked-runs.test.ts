import { expect, it } from "vitest";
import type { JudgedRun } from "#src/analysis/why/judge.js";
import { groupsOf, rankedRuns } from "#src/analysis/why/ranked-runs.js";
import type { DetectorName } from "#src/detectors/table.js";
import type { Alarm } from "#src/detectors/watch.js";

const alarm = (detector: DetectorName, score: number, from = 2, isSecondary = false): Alarm => ({
  ...{ detector, score, from, isSecondary },
  ...{ subject: "", text: `${detector} seen`, known: from, to: 5, stamp: 0n },
});
const run = (name: string, ...alarms: Alarm[]): JudgedRun => ({
  ...{ name, alarms, bag: name, policySha256: "", shares: {}, poses: [] },
  ...{ seconds: [0, 0.2, 0.4, 0.6], stamps: [0n, 1n, 2n, 3n] },
});

const failed = [
  run("a", alarm("words_unfamiliar", 1)),
  run("b", alarm("black", 4, 1), alarm("repeating", 20, 3, true)),
  run("c", alarm("words_unfamiliar", 5, 3)),
  run("d", alarm("repeating", 1.5)),
  run("e"),
];
const good = Array.from({ length: 4 }, (_, i) => run(`good${i}`));

it("failed runs in groups by what was first out of line, the surest first", () => {
  const ranked = rankedRuns(failed, good);
  expect(ranked.map(({ run, about }) => [run, about])).toEqual([
    ["c", "words"],
    ["b", "image"],
    ["a", "words"],
    ["d", "action"],
  ]);
  expect(ranked[0]).toMatchObject({ reason: "words_unfamiliar", tick: 3, seconds: 0.6, text: "words_unfamiliar seen" });
  expect(groupsOf(ranked).map(({ about, runs }) => [about, runs.length])).toEqual([
    ["words", 2],
    ["image", 1],
    ["action", 1],
  ]);
});

it("what half of the good runs have too is nothing out of line", () => {
  const same = good.map((one, i) => (i < 2 ? { ...one, alarms: [alarm("words_unfamiliar", 1)] } : one));
  expect(rankedRuns(failed, same).map(({ run }) => run)).toEqual(["b", "d"]);
});
