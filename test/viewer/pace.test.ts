import { describe, expect, test } from "vitest";
import { Pace } from "../../viewer/src/panels/arm/pace.js";
import { Skips } from "../../viewer/src/panels/arm/skips.js";

describe("when the 3D view is drawn next", () => {
  test("at once before anything is known, and where drawing is quick", () => {
    const pace = new Pace(0);
    expect(pace.wait(0, false)).toBe(0);
    pace.drew(0, 16);
    expect(pace.wait(17, false)).toBe(0);
  });

  test("drawing takes at most a fifth of the time, however long it takes", () => {
    for (const took of [30, 60, 120, 300]) {
      const pace = new Pace(0);
      let now = 0;
      let busy = 0;
      while (now < 60_000) {
        now += pace.wait(now, false);
        pace.drew(now, took);
        now += took;
        busy += took;
      }
      expect(busy / now).toBeLessThan(0.21);
      expect(busy / now).toBeGreaterThan(0.14);
    }
  });

  test("what the user does is drawn sooner, and quick drawings without a pause", () => {
    const pace = new Pace(90);
    pace.drew(0, 10);
    expect(pace.wait(20, false)).toBe(70);
    expect(pace.wait(20, true)).toBe(0);
    const slow = new Pace(90);
    slow.drew(0, 100);
    expect(slow.wait(100, true)).toBe(150);
    expect(slow.wait(100, false)).toBe(400);
  });

  test("one slow drawing is forgotten, and no pause is endless", () => {
    const pace = new Pace(0);
    pace.drew(0, 60_000);
    expect(pace.wait(0, false)).toBe(2000);
    for (let i = 0; i < 40; i++) pace.drew(i, 5);
    expect(pace.wait(40, false)).toBe(0);
  });
});

describe("states that are not drawn", () => {
  /** Drawings of every `each`th of states that come 20 times a second. */
  function run(each: number, seconds: number): Skips {
    const skips = new Skips();
    for (let i = 1; i <= 20 * seconds; i++) {
      skips.came();
      if (i % each === 0) skips.drew(1000 + 50 * i);
    }
    return skips;
  }

  test("are counted as drawings a second", () => {
    expect(run(3, 10).rate).toBe(6.5);
    expect(run(20, 10).rate).toBe(1);
  });

  test("are not told of where nearly all are drawn", () => {
    expect(run(1, 10).rate).toBeUndefined();
  });

  test("are told of once, and once that there are none any more", () => {
    const skips = new Skips();
    const told: (number | undefined)[] = [];
    for (let i = 1; i <= 400; i++) {
      skips.came();
      if ((i > 200 || i % 4 === 0) && skips.drew(1000 + 50 * i)) told.push(skips.rate);
    }
    expect(told[0]).toBe(5);
    expect(told.at(-1)).toBeUndefined();
    // One span may hold the end of one rate and the beginning of the other.
    expect(told.length).toBeLessThanOrEqual(3);
  });
});
