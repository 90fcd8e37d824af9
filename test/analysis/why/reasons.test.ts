import { describe, expect, it } from "vitest";
import type { JudgedRun } from "#src/analysis/why/judge.js";
import { reasonsOf } from "#src/analysis/why/reasons.js";
import type { DetectorName } from "#src/detectors/table.js";
import type { Alarm } from "#src/detectors/watch.js";

const alarm = (detector: DetectorName, from = 5, isSecondary = false): Alarm => ({
  ...{ detector, from, isSecondary },
  ...{ subject: "x", text: `${detector} seen`, known: from + 1, to: 20, stamp: 0n, score: 2 },
});

const run = (name: string, alarms: readonly Alarm[] = [], more: Partial<JudgedRun> = {}): JudgedRun => ({
  ...{ name, alarms, bag: name, policySha256: "a".repeat(64), shares: { image: 0.5 } },
  poses: Array.from({ length: 30 }, () => [0]),
  seconds: Array.from({ length: 30 }, (_, i) => i / 20),
  stamps: Array.from({ length: 30 }, (_, i) => BigInt(i)),
  ...more,
});
const good = Array.from({ length: 10 }, (_, i) => run(`good${i}`));
const names = (failed: readonly JudgedRun[], others = good) =>
  reasonsOf(failed, others).reasons.map(({ name }) => name);

describe("reasons", () => {
  it("come in the order of what failed runs have and good ones have not", () => {
    const failed = [
      run("a", [alarm("frozen")]),
      run("b", [alarm("frozen"), alarm("motion", 9, true)]),
      run("c", [alarm("late")]),
    ];
    expect(names(failed)).toEqual(["frozen", "late"]);
    const { reasons } = reasonsOf(failed, good);
    expect(reasons[0]).toMatchObject({ failed: 2, good: 0, moment: { run: "a", tick: 5, seconds: 0.25 } });
    expect(reasons[0]!.confidence).toBeGreaterThan(reasons[1]!.confidence);
    expect(reasons[0]!.evidence.join()).toContain("in 2 of 3 runs that failed, in 0 of 10 that did not");
  });

  it("say that something else may explain them where it always came before", () => {
    const hint = "always after something else, which may explain it";
    const of = (...failed: JudgedRun[]) =>
      reasonsOf(failed, good).reasons.map(({ name, evidence }) => [name, evidence.includes(hint)]);
    const black = run("a", [alarm("black"), alarm("other_camera", 9, true)]);
    expect(of(black)).toEqual([
      ["black", false],
      ["other_camera", true],
    ]);
    expect(of(black, run("b", [alarm("other_camera")]))).toContainEqual(["other_camera", false]);
  });

  it("are none where nobody failed, or where both sets have the same", () => {
    expect(names([])).toEqual([]);
    expect(names([run("a")])).toEqual([]);
    const alike = good.map((one) => ({ ...one, alarms: [alarm("clock")] }));
    expect(names([run("a", [alarm("clock")])], alike)).toEqual([]);
  });

  it("name a policy that no good run had before what its pictures look like", () => {
    const other = run("a", [alarm("unfamiliar", 0)], { policySha256: "b".repeat(64) });
    expect(names([other])[0]).toBe("policy");
  });

  it("take a scene that is strange later on for one that changed", () => {
    expect(names([run("a", [alarm("unfamiliar", 0)])])).toEqual(["unfamiliar"]);
    expect(names([run("a", [alarm("unfamiliar", 12)])])).toEqual(["scene_changed"]);
  });

  it("tell of shares last, and only where they separate the sets", () => {
    const apart = Array.from({ length: 4 }, (_, i) => run(`f${i}`, [], { shares: { image: 0.9 + i / 100 } }));
    expect(names(apart)).toEqual(["shares"]);
    expect(names(apart.map((one) => ({ ...one, shares: { image: 0.5 } })))).toEqual([]);
  });
});
