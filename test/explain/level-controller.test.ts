import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Level } from "#src/explain/explanation.js";
import { LevelController } from "#src/explain/level-controller.js";

const LEVELS: readonly Level[] = ["full", "shares", "skip"];
const [BUDGET, WINDOW, PATIENCE, MAX_PATIENCE] = [40, 100, 20, 1280];
const [FITS, LATE] = [BUDGET, BUDGET + 0.1];
const create = () =>
  new LevelController({ budgetMs: BUDGET, window: WINDOW, patience: PATIENCE, maxPatience: MAX_PATIENCE });

/** The level of each of so many ticks, where a tick at a level takes what `cost` says. */
function drive(controller: LevelController, ticks: number, cost: (level: Level, tick: number) => number): Level[] {
  return Array.from({ length: ticks }, (_, tick) => {
    const { level } = controller;
    controller.add(cost(level, tick));
    return level;
  });
}
const changes = (levels: readonly Level[]) => levels.filter((level, i) => i > 0 && level !== levels[i - 1]).length;

describe("LevelController", () => {
  it("starts with the deepest level that it has", () => {
    expect(create().level).toBe("full");
    expect(new LevelController({ budgetMs: 1, levels: ["skip", "shares"] }).level).toBe("shares");
  });

  it("falls when p99 is above the budget: at the second overrun of a hundred ticks, not at the first", () => {
    const controller = create();
    expect(changes(drive(controller, 500, (_, tick) => (tick % WINDOW === 0 ? LATE : FITS)))).toBe(0);
    drive(controller, WINDOW, () => FITS);
    controller.add(LATE);
    drive(controller, WINDOW - 2, () => FITS);
    expect(controller.level).toBe("full");
    controller.add(LATE);
    expect(controller.level).toBe("shares");
  });

  it("counts a latency that is not a number as an overrun", () => {
    const controller = create();
    controller.add(Number.NaN);
    controller.add(Number.NaN);
    expect(controller.level).toBe("shares");
  });

  it("rises on trial once it fits; a single overrun ends the trial", () => {
    const controller = create();
    drive(controller, 2, () => LATE);
    expect(drive(controller, PATIENCE, () => FITS)).toEqual(Array(PATIENCE).fill("shares"));
    expect(controller.level).toBe("full");
    controller.add(LATE);
    expect(controller.level).toBe("shares");
    drive(controller, 2 * PATIENCE - 1, () => FITS);
    expect(controller.level).toBe("shares");
    controller.add(FITS);
    drive(controller, WINDOW, () => FITS);
    controller.add(LATE);
    expect(controller.level).toBe("full");
  });

  it("does not try the deeper level while the current one overruns", () => {
    // Rare enough to stay where it is, too often to rise.
    const every = WINDOW + 1;
    const patient = new LevelController({ budgetMs: BUDGET, window: WINDOW, patience: every + 1 });
    drive(patient, 2, () => LATE);
    expect(patient.level).toBe("shares");
    expect(new Set(drive(patient, 4000, (_, tick) => (tick % every === every - 1 ? LATE : FITS)))).not.toContain(
      "full",
    );
  });

  it("falls by default at the sixth late tick of 500", () => {
    const controller = new LevelController({ budgetMs: BUDGET });
    drive(controller, 5, () => LATE);
    drive(controller, 494, () => FITS);
    expect(controller.level).toBe("full");
    controller.add(LATE);
    expect(controller.level).toBe("shares");
  });

  it("resets the patience after a level was held for eight times the patience", () => {
    const controller = create();
    for (let spell = 0; spell < 6; spell++) {
      drive(controller, 2, () => LATE);
      expect(drive(controller, PATIENCE + 1, () => FITS).at(-1)).toBe("full");
      drive(controller, 8 * PATIENCE, () => FITS);
    }
  });

  it("stays where everything fits", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: BUDGET, noNaN: true }), { minLength: 1 }), (latencies) => {
        const levels = drive(create(), 1000, (_, tick) => latencies[tick % latencies.length]!);
        expect(new Set(levels)).toEqual(new Set(["full"]));
      }),
    );
  });

  it("reaches the deepest level that fits from any level, and stays there nearly always", () => {
    const cost = fc.double({ min: 0, max: 3 * BUDGET, noNaN: true });
    const costs = fc.array(cost, { minLength: 3, maxLength: 3 }).map((all) => all.sort((a, b) => b - a));
    const past = fc.array(fc.boolean(), { maxLength: 300 });
    fc.assert(
      fc.property(costs, past, ([full, shares, skip], before) => {
        const takes = { full, shares, skip } as Record<Level, number>;
        const controller = create();
        for (const fits of before) controller.add(fits ? FITS : LATE);
        drive(controller, 8 * MAX_PATIENCE, (level) => takes[level]);
        const fitting = LEVELS.find((level) => takes[level] <= BUDGET) ?? "skip";
        const levels = drive(controller, 2 * MAX_PATIENCE, (level) => takes[level]);
        expect(levels.filter((level) => level === fitting).length).toBeGreaterThan(0.98 * levels.length);
      }),
    );
  });

  it("does not flap, for any pattern of overruns", () => {
    // At each stay on a level so many ticks fit, then all overrun until the level falls.
    const stays = fc.array(fc.integer({ min: 0, max: 3 * WINDOW }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(stays, (lengths) => {
        const controller = create();
        let stay = 0;
        let left = lengths[0]!;
        let last = controller.level;
        const levels = drive(controller, 6 * MAX_PATIENCE, (level) => {
          if (level !== last) {
            stay++;
            left = lengths[stay % lengths.length]!;
            last = level;
          }
          return level !== "skip" && left-- <= 0 ? LATE : FITS;
        });
        // Each return to the top and fall from it are four changes at most, and the wait for the next one doubles.
        const most = 4 * (Math.log2(MAX_PATIENCE / PATIENCE) + 2);
        for (let i = 0; i < levels.length; i += 50)
          expect(changes(levels.slice(i, i + MAX_PATIENCE))).toBeLessThanOrEqual(most);
      }),
    );
  });

  it("never waits longer than its patience to try the deeper level", () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 2000 }), (before) => {
        const controller = create();
        for (const fits of before) controller.add(fits ? FITS : LATE);
        drive(controller, 2 * MAX_PATIENCE, () => FITS);
        expect(controller.level).toBe("full");
      }),
    );
  });

  it("starts again after a reset", () => {
    const controller = create();
    drive(controller, 4, () => LATE);
    expect(controller.level).toBe("skip");
    controller.reset();
    expect(controller.level).toBe("full");
    controller.add(LATE);
    expect(controller.level).toBe("full");
  });
});
