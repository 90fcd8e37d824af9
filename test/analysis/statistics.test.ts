import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { compare } from "#src/analysis/compare.js";
import { CurveStatistics, curveAround, EPISODE_GRID, episodeCurve } from "#src/analysis/curve.js";
import { digest } from "#src/analysis/digest.js";
import { eventGrid, eventStamps, parseEvent } from "#src/analysis/events.js";
import { rank, SHARE_FLOOR } from "#src/analysis/ranking.js";
import { robustScore, robustSpread } from "#src/analysis/robust.js";
import type { ExplanationFlag } from "#src/explain/explanation.js";
import { imageShares, PERIOD, runOf, START } from "./runs.js";

const MODALITIES = 4;
const image = (curve: Float32Array, k: number) => curve[k * MODALITIES]!;

describe("robust spread", () => {
  it("is median and 1.4826 × the median distance, against a slow sort", () => {
    const middle = (values: readonly number[]) => {
      const sorted = values.toSorted((a, b) => a - b);
      const half = Math.floor(sorted.length / 2);
      return sorted.length % 2 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
    };
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1 }), (values) => {
        const { center, scale } = robustSpread([...values, Number.NaN], 0)!;
        expect(center).toBeCloseTo(middle(values), 12);
        expect(scale).toBeCloseTo(1.4826 * middle(values.map((value) => Math.abs(value - middle(values)))), 12);
      }),
    );
  });

  it("ignores outliers, and has a floor", () => {
    expect(robustSpread([0.5, 0.5, 0.5, 0.5, 99], SHARE_FLOOR)).toEqual({ center: 0.5, scale: SHARE_FLOOR });
    expect(robustScore(0.52, { center: 0.5, scale: 0.005 })).toBeCloseTo(4);
    expect(robustSpread([Number.NaN], 0.1)).toBeUndefined();
  });
});

describe("shares over the episode", () => {
  it("keep a straight line straight for any number of ticks", () => {
    for (const n of [2, 11, 51, 101, 333]) {
      const curve = episodeCurve(runOf(imageShares(Array.from({ length: n }, (_, i) => 0.2 + (0.6 * i) / (n - 1)))));
      if (n === 2) {
        // The gap is the whole episode: nothing is made up.
        expect([image(curve, 0), image(curve, 100)].map((share) => share.toFixed(3))).toEqual(["0.200", "0.800"]);
        expect(image(curve, 50)).toBeNaN();
        continue;
      }
      for (let k = 0; k <= 100; k++) expect(image(curve, k)).toBeCloseTo(0.2 + 0.006 * k, 2);
    }
  });

  it("leave out ticks that do not count", () => {
    const ticks = imageShares(Array.from({ length: 101 }, (_, i) => (i < 50 ? 0.5 : 0.9)));
    const curve = episodeCurve(runOf(ticks.map((tick, i) => (i < 50 ? tick : { ...tick, flags: ["idle"] as const }))));
    expect(image(curve, 49)).toBeCloseTo(0.5);
    expect(image(curve, 60)).toBeNaN();
  });

  it("have mean and sample deviation over curves", () => {
    const statistics = new CurveStatistics(EPISODE_GRID, MODALITIES);
    for (const share of [0.1, 0.4, 0.7]) statistics.add(episodeCurve(runOf(imageShares([share, share, share]))));
    const { mean, std, curves } = statistics.at(0, 0);
    expect([mean, std, curves]).toEqual([expect.closeTo(0.4, 6), expect.closeTo(0.3, 6), 3]);
    expect(new CurveStatistics(EPISODE_GRID, MODALITIES).at(3, 0).mean).toBeNaN();
  });
});

describe("events", () => {
  const steps = Array.from({ length: 41 }, (_, i) => (i < 20 ? 0.3 : 0.8));
  const run = runOf(
    imageShares(steps).map((tick, i) => (i >= 20 && i < 25 ? { ...tick, flags: ["in_contact"] as const } : tick)),
    { messages: new Map([["/target", [START + 20n * PERIOD + 7n, START - 10n, START + 10_000n * PERIOD]]]) },
  );
  const at = START + 20n * PERIOD;

  test.each(["flag:in_contact", "topic:/target", "tick:20", "time:1"])("%s is where the step is", (text) => {
    expect(eventStamps(run, parseEvent(text))).toEqual([at]);
  });

  it("a step at the event is a step at 0", () => {
    const grid = eventGrid(0.5);
    const curve = curveAround(run, at, grid);
    expect(image(curve, 50)).toBeCloseTo(0.8);
    expect(image(curve, 44)).toBeCloseTo(0.3);
    expect(image(curve, 100)).toBeCloseTo(0.8);
  });

  it("the end, and events that do not happen", () => {
    expect(eventStamps(run, parseEvent("end"))).toEqual([START + 40n * PERIOD]);
    for (const text of ["tick:41", "time:2.01", "time:1e300", "flag:at_limit", "topic:/other"]) {
      expect(eventStamps(run, parseEvent(text))).toEqual([]);
    }
  });

  test.each(["", "tick:", "tick:-1", "tick:1.5", "time:x", "end:3", "contact"])("%j is refused", (text) => {
    expect(() => parseEvent(text)).toThrow(`event "${text}": expected flag:NAME, topic:/NAME`);
  });
});

test("a digest counts ticks that count, and idle ones", () => {
  const ticks = imageShares([0.2, 0.4, 0.6, 0.9]).map((tick, i) =>
    i === 3 ? { ...tick, flags: ["idle"] as const } : tick,
  );
  const { shares, ticks: length, duration, torques, flags } = digest(runOf(ticks));
  expect(length).toEqual({ all: 4, counted: 3, idle: 1 });
  expect(duration.seconds).toBe(0.15);
  expect(shares[0]).toEqual({ mean: expect.closeTo(0.4, 6), std: expect.closeTo(0.2, 6) });
  expect(torques.map(({ joint }) => joint)).toEqual(["shoulder", "elbow"]);
  expect(torques[0]!.shares[0]).toBeCloseTo(0.4, 6);
  expect(flags).toEqual({ idle: 1, episode_start: 1 });
});

describe("ranking", () => {
  const usual = (k: number) => Array.from({ length: 40 }, (_, i) => 0.5 + 0.01 * Math.sin(i + k) + 0.002 * k);
  const runs = Array.from({ length: 8 }, (_, k) => digest(runOf(imageShares(usual(k)), { bag: `${k}.mcap` })));

  it("finds nothing if all runs are alike", () => {
    expect(rank(runs, 5).moments).toEqual([]);
  });

  it("puts the unusual moment and its run first, with the seek time", () => {
    const odd = usual(3).map((share, i) => (i === 30 ? 0.9 : share));
    const ranking = rank([...runs, digest(runOf(imageShares(odd), { bag: "odd.mcap" }))], 5);
    expect(ranking.moments[0]).toMatchObject({ reason: "shares", run: 8, index: 30, seek: 1.5 });
    expect(ranking.moments[0]!.what).toMatch(/^(image 90|joint_position 10)\.0 %, usually/);
    expect(ranking.moments).toHaveLength(1);
    expect(ranking.runs[0]!.run).toBe(8);
  });

  it("puts the run with unusual means first", () => {
    const ranking = rank([...runs, digest(runOf(imageShares(usual(0).map((share) => share - 0.3))))], 5);
    expect(ranking.runs[0]).toMatchObject({ run: 8, modality: expect.stringMatching(/image|joint_position/) });
    expect(ranking.runs[0]!.score).toBeGreaterThan(10);
  });

  it("lists relevance that does not add up, and the longest time at a limit", () => {
    const ticks = imageShares(usual(0)).map((tick, i) => ({
      ...tick,
      // A method that does not conserve gets no flag, as at tick 7.
      residual: i === 5 ? 0.25 : i === 7 ? 0.5 : 1e-6,
      flags: (i === 5
        ? ["not_conserving"]
        : i >= 10 && i < 14
          ? ["at_limit"]
          : i === 20
            ? ["limit_clipped"]
            : []) as ExplanationFlag[],
    }));
    const { moments } = rank([digest(runOf(ticks))], 5);
    expect(moments.map(({ reason, index, score }) => [reason, index, Number(score.toFixed(3))])).toEqual([
      ["residual", 5, 0.25],
      ["limits", 10, 0.2],
      ["limits", 20, 0.05],
    ]);
  });
});

describe("comparison", () => {
  it("has the difference, Hedges' g and Cliff's delta worked out by hand", () => {
    const found = compare([1, 2, 3], [2, 3, 4, Number.NaN])!;
    expect(found.difference).toBeCloseTo(1, 12);
    // Pooled standard deviation 1, correction 1 − 3 / 15.
    expect(found.hedgesG).toBeCloseTo(0.8, 12);
    // Of nine pairs six are larger, one smaller.
    expect(found.cliffsDelta).toBeCloseTo(5 / 9, 12);
    expect(compare([1, 2, 3], [2, 3, 4])).toEqual(found);
  });

  it("needs two runs each for an interval, and one each for a difference", () => {
    expect(compare([1], [2, 3])).toMatchObject({ interval: undefined, hedgesG: undefined, cliffsDelta: 1 });
    expect(compare([], [1])).toBeUndefined();
    expect(compare([1, 1], [1, 1])).toMatchObject({ difference: 0, interval: [0, 0], hedgesG: undefined });
  });

  it("has 95 % intervals that contain the true difference about 95 times in 100", () => {
    let held = 0;
    let seed = 1;
    const uniform = () => {
      seed = (seed * 48271) % 2147483647;
      return seed / 2147483647;
    };
    const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
    const draws = (shift: number) => Array.from({ length: 30 }, () => shift + normal());
    for (let trial = 0; trial < 100; trial++) {
      const [low, high] = compare(draws(0), draws(0.5))!.interval!;
      if (low <= 0.5 && high >= 0.5) held++;
    }
    expect(held).toBeGreaterThanOrEqual(87);
    expect(held).toBeLessThanOrEqual(100);
  });
});
