import { describe, expect, it } from "vitest";
import { type ChangeWindows, COURSE_CLAIMS, changeClaims } from "#src/reproduction/kim-choi/claims.js";
import { type Course, CourseBuilder } from "#src/reproduction/kim-choi/course.js";
import { agreement, verdicts } from "#src/reproduction/kim-choi/verdicts.js";
import type { Verdict } from "#src/reproduction/verdict.js";

const TICKS = 40;

/** A course from image and velocity shares by tick; position has the rest. */
function course(shares: (tick: number) => { image: number; velocity: number; idle?: boolean }) {
  const built = new CourseBuilder(TICKS, 3);
  for (let tick = 0; tick < TICKS; tick++) {
    const { image, velocity, idle = false } = shares(tick);
    const position = 1 - image - velocity;
    built.put(tick, {
      shares: Float32Array.of(image, position, velocity),
      ratios: { image, position, velocity, configuration: position + velocity },
      flags: idle ? ["idle"] : [],
    });
  }
  return built;
}

/** Episodes that differ a little. */
const episodes = (shares: (tick: number, episode: number) => { image: number; velocity: number; idle?: boolean }) =>
  [0, 1, 2, 3, 4, 5].map((episode) => course((tick) => shares(tick, episode)));

const courseVerdicts = (courses: readonly Course[]) => verdicts(COURSE_CLAIMS, courses);
const changeVerdicts = (courses: readonly Course[], windows: ChangeWindows) => verdicts(changeClaims(windows), courses);

const holding = (verdicts: readonly Verdict[]) => verdicts.filter(({ holds }) => holds).map(({ claim }) => claim.id);

describe("claims about an episode", () => {
  it("hold for shares as in the paper's Fig. 5", () => {
    const paper = episodes((tick, e) => ({ image: 0.4 - 0.005 * tick + 0.002 * e, velocity: 0.1 - 0.002 * tick }));
    expect(holding(courseVerdicts(paper))).toEqual([
      "image_starts_high",
      "image_falls",
      "position_rises",
      "velocity_falls",
      "velocity_least",
      "position_most",
      "velocity_below_tenth",
    ]);
  });

  it("do not hold for the opposite trends", () => {
    const reverse = episodes((tick, e) => ({ image: 0.2 + 0.002 * tick + 0.001 * e, velocity: 0.5 + 0.005 * tick }));
    expect(holding(courseVerdicts(reverse))).toEqual([]);
  });

  it("do not hold if episodes contradict each other", () => {
    const both = episodes((tick, e) => ({ image: 0.3 + (e % 2 ? 0.004 : -0.004) * tick, velocity: 0.05 }));
    expect(holding(courseVerdicts(both))).not.toContain("image_falls");
    expect(holding(courseVerdicts(both))).not.toContain("position_rises");
  });

  it("measure the stated difference", () => {
    const [starts, falls] = courseVerdicts(episodes((tick) => ({ image: tick < 4 ? 0.8 : 0.3, velocity: 0.1 })));
    // First tenth of 40 ticks: 0.8 − 0.3.
    expect(starts!.estimate.mean).toBeCloseTo(0.5, 12);
    expect(falls!.estimate.mean).toBeLessThan(0);
  });

  it("leave out idle ticks", () => {
    const idle = episodes((tick) => ({ image: tick < 20 ? 0.5 - 0.01 * tick : 0.9, velocity: 0.05, idle: tick >= 20 }));
    expect(holding(courseVerdicts(idle))).toContain("image_falls");
  });
});

describe("claims about a target that changes", () => {
  const windows = { at: 12, width: 5, later: 15 };
  const react = (tick: number, strength: number) => (tick >= 12 && tick < 20 ? strength : 0);

  it("hold for shares as in the paper's Fig. 6", () => {
    const paper = episodes((tick, e) => ({
      image: 0.2 + react(tick, 0.15 + 0.01 * e),
      velocity: 0.02 + react(tick, 0.1),
    }));
    expect(holding(changeVerdicts(paper, windows))).toHaveLength(5);
    const drop = changeVerdicts(paper, windows)[0]!;
    expect(drop.estimate.mean).toBeCloseTo(-0.275, 10);
  });

  it("a recovery holds only if the reaction before it holds", () => {
    const later = episodes((tick, e) => ({
      image: tick >= 25 ? 0.2 : 0.4 + 0.001 * e,
      velocity: tick >= 25 ? 0.02 : 0.1,
    }));
    const [, position, , , velocity] = changeVerdicts(later, windows);
    expect([position!.claim.id, velocity!.claim.id]).toEqual(["change_position_recovers", "change_velocity_recovers"]);
    expect(position!.estimate.interval![0]).toBeGreaterThan(0);
    expect(velocity!.estimate.interval![1]).toBeLessThan(0);
    expect([position!.holds, velocity!.holds]).toEqual([false, false]);
  });

  it("do not hold without a reaction, or without ticks that count", () => {
    const still = episodes((tick, e) => ({ image: 0.2 + 0.01 * (((tick + e) * 7) % 3), velocity: 0.05 }));
    expect(holding(changeVerdicts(still, windows))).toEqual([]);
    const idle = episodes(() => ({ image: 0.2, velocity: 0.1, idle: true }));
    expect(changeVerdicts(idle, windows).every(({ estimate, holds }) => Number.isNaN(estimate.mean) && !holds)).toBe(
      true,
    );
  });
});

describe("agreement of methods", () => {
  const rising = episodes((tick, e) => ({ image: 0.3 - 0.004 * tick - 0.003 * e, velocity: 0.1 - 0.001 * tick }));
  const falling = episodes((tick) => ({ image: 0.3 + 0.004 * tick, velocity: 0.1 + 0.001 * tick }));
  const otherwise = episodes((tick) => ({ image: 0.6 - 0.0001 * tick ** 2, velocity: 0.05 - 0.0005 * tick }));

  it("is complete for other shares with the same trend", () => {
    const { estimate, holds } = agreement(rising, otherwise, ["a", "b"]);
    expect(estimate.mean).toBeCloseTo(1, 12);
    expect(holds).toBe(true);
  });

  it("does not hold for opposite trends", () => {
    const { estimate, holds } = agreement(rising, falling, ["a", "b"]);
    expect(estimate.mean).toBeCloseTo(-1, 12);
    expect(holds).toBe(false);
  });
});
