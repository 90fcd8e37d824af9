import { describe, expect, it } from "vitest";
import { progressLine } from "#src/cli/output/progress.js";
import { Work } from "#src/cli/output/work.js";

/** Work beside a clock that a test sets, seconds. */
function begin(total: number) {
  const clock = { seconds: 0 };
  return { work: new Work(total, () => 1000 * clock.seconds), clock };
}

describe("the time left", () => {
  it("goes by the pace so far, of all phases together", () => {
    const { work, clock } = begin(40);
    expect(work.left).toBeUndefined();
    clock.seconds = 20;
    work.update(4);
    expect([work.part, work.left]).toEqual([0.1, 180]);
    clock.seconds = 30;
    work.update(10);
    expect(work.left).toBe(90);
    work.update(40);
    expect([work.part, work.left]).toEqual([1, 0]);
  });

  it("of a resumed run counts what is left to do, at the pace of this run", () => {
    const { work, clock } = begin(40);
    clock.seconds = 7;
    work.skip(12);
    expect([work.part, work.left]).toEqual([0.3, undefined]);
    clock.seconds = 27;
    work.update(16);
    expect(work.left).toBe(120);
  });

  it("is unknown where nothing was done yet, and never negative", () => {
    const { work, clock } = begin(10);
    clock.seconds = 100;
    work.update(0);
    expect(work.left).toBeUndefined();
    work.update(11);
    expect([work.part, work.left]).toEqual([1, 0]);
    expect(begin(0).work).toMatchObject({ part: 1, left: 0 });
  });
});

describe("a line of progress", () => {
  const words = { what: "policy: imitation 1/7", note: "" };

  it("has the phase, a bar, and the time left and in all", () => {
    const { work, clock } = begin(40);
    clock.seconds = 60;
    work.update(10);
    const line = progressLine(words, work, 65, 80);
    expect(line).toBe("policy: imitation 1/7 █████░░░░░░░░░░░░░░░░ 25 %  3 min 00 s left of 4 min 05 s");
  });

  it("gives the note what it needs of the bar, and fits the terminal", () => {
    const { work, clock } = begin(40);
    clock.seconds = 60;
    work.update(10);
    for (const width of [20, 60, 80, 120, 200]) {
      const line = progressLine({ ...words, note: "loss 1.23e-3, 88 % of 200 episodes" }, work, 65, width);
      expect(line.length).toBeLessThan(width);
      if (width >= 120) expect(line).toMatch(/ {2}loss 1\.23e-3, 88 % of 200 episodes$/);
    }
  });

  it("leaves out whole parts where the terminal is narrow, and cuts none", () => {
    const { work, clock } = begin(40);
    clock.seconds = 60;
    work.update(10);
    const warmUp = { what: "policy: pose warm-up", note: "loss 1.23e+2, pose error 0.4731" };
    const at = (width: number) => progressLine(warmUp, work, 65, width);
    expect(at(120)).toBe(
      `policy: pose warm-up ${"█".repeat(7)}${"░".repeat(22)} 25 %  3 min 00 s left of 4 min 05 s  loss 1.23e+2, pose error 0.4731`,
    );
    expect(at(90)).toBe("policy: pose warm-up ███░░░░░░░░░░ 25 %  3 min 00 s left  loss 1.23e+2, pose error 0.4731");
    expect(at(80)).toBe("policy: pose warm-up 25 %  3 min 00 s left  loss 1.23e+2, pose error 0.4731");
    expect(at(70)).toBe("policy: pose warm-up 25 %  3 min 00 s left  loss 1.23e+2");
    expect(at(50)).toBe("policy: pose warm-up 25 %  3 min 00 s left");
    expect(at(30)).toBe("policy: pose warm-up 25 %");
    for (let width = 27; width < 200; width++) expect(at(width).length).toBeLessThan(width);
  });

  it("says no time before there is a pace, and no NaN for no work", () => {
    expect(progressLine(words, begin(40).work, 3, 60)).toMatch(/░ 0 %$/);
    expect(progressLine(words, begin(0).work, 3, 60)).toMatch(/█ 100 % {2}0 s left of 3 s$/);
  });
});
