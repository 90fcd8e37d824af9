import { describe, expect, it } from "vitest";
import { CurveStatistics, curveBy, EPISODE_GRID } from "#src/analysis/curve.js";
import { type PosedRun, phaseOfEach, phasesOf } from "#src/analysis/why/phases.js";

/** Part of its way, 0 to 1, that an arm has gone at each tick. */
type Pace = readonly number[];
const even = (ticks: number): Pace => Array.from({ length: ticks }, (_, i) => i / (ticks - 1));
/** Waits on its way for so many ticks. */
const waiting = (ticks: number, at: number, wait: number): Pace =>
  even(ticks).flatMap((part, i) => (i === Math.round(at * ticks) ? Array<number>(wait).fill(part) : [part]));

const pose = (part: number) => [2 * part, Math.sin(3 * part), 1 - part ** 2];
/** What is true by definition: the share at a part of the way. */
const share = (part: number) => 0.2 + 0.6 * part;
const runOf = (name: string, pace: Pace): PosedRun => ({
  name,
  poses: pace.map(pose),
  tickShares: pace.map((part) => [share(part), 1 - share(part)]),
});
const phases = (ofGood: readonly PosedRun[], failed: readonly PosedRun[]) =>
  phasesOf(["image", "joint_position"], { name: "success", runs: ofGood }, { name: "failure", runs: failed });
const good = [80, 100, 120].map((ticks) => runOf(`good ${ticks}`, even(ticks)));
const slow = runOf("slow", waiting(140, 0.3, 90));

/** Largest distance of a set's curve from the share that is true at each phase. */
const farthest = (curves: CurveStatistics): number =>
  Math.max(...Array.from({ length: 101 }, (_, k) => Math.abs(curves.at(k, 0).mean - share(k / 100))));

describe("shares by phase", () => {
  it("are those of the configuration, whatever time a run takes to it", () => {
    const found = phases(good, [slow])!;
    for (const { curves } of found.sets) expect(farthest(curves)).toBeLessThan(0.03);
    // By the clock the same run is far off.
    const { tickShares } = slow;
    const track = {
      ticks: tickShares.length,
      modalities: 2,
      share: (i: number, m: number) => tickShares[i]![m]!,
      counts: () => true,
    };
    const byClock = new CurveStatistics(EPISODE_GRID, 2);
    byClock.add(curveBy(track, EPISODE_GRID, (i) => (100 * i) / (tickShares.length - 1)));
    expect(farthest(byClock)).toBeGreaterThan(0.1);
  });

  it("end where a run that failed never came farther", () => {
    const half = runOf(
      "half",
      even(60).map((part) => part / 2),
    );
    const [, failed] = phases(good, [half])!.sets;
    expect(failed!.curves.at(40, 0).mean).toBeCloseTo(share(0.4), 1);
    expect(failed!.curves.at(80, 0).mean).toBeNaN();
  });

  it("leave out ticks that do not count", () => {
    const { name, poses, tickShares } = runOf("idle", even(100));
    const idle = {
      name,
      poses,
      tickShares: tickShares.map((shares, i) => (i < 50 ? [Number.NaN, Number.NaN] : shares)),
    };
    const [, failed] = phases(good, [idle])!.sets;
    expect(failed!.curves.at(20, 0).mean).toBeNaN();
    expect(failed!.curves.at(80, 0).mean).toBeCloseTo(share(0.8), 1);
  });

  it("do not count the time at rest", () => {
    const resting = runOf("rests", [...even(50), ...Array<number>(200).fill(1)]);
    for (const { curves } of phases([resting], [slow])!.sets) expect(farthest(curves)).toBeLessThan(0.03);
  });

  it("are those of the good run that goes most alike, where good runs do different things", () => {
    const other = { ...runOf("other", even(90)), poses: even(90).map((part) => [-part, 3 * part, Math.cos(4 * part)]) };
    for (const { curves } of phases([other, ...good], [slow])!.sets) expect(farthest(curves)).toBeLessThan(0.03);
  });

  it("are none without joint positions, or without one of the sets", () => {
    const blind = { ...slow, poses: slow.poses.map(() => []) };
    expect(phases(good, [blind])).toBeUndefined();
    expect(phases([], [slow])).toBeUndefined();
  });
});

it("phases of long runs are found at some ticks, and between them", () => {
  const [run, reference] = [waiting(900, 0.5, 700), even(1300)];
  const { phases: found } = phaseOfEach(run.map(pose), reference.map(pose));
  expect(found).toHaveLength(run.length);
  for (const [i, phase] of found.entries()) {
    expect(Math.abs(phase / 1299 - run[i]!)).toBeLessThan(0.02);
    if (i > 0) expect(phase).toBeGreaterThanOrEqual(found[i - 1]!);
  }
});
