import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Throttle } from "../../viewer/src/ui/throttle.js";

describe("work at most once in a period", () => {
  const done: [name: string, at: number][] = [];
  const work = (name: string) => () => void done.push([name, performance.now()]);
  beforeEach(() => {
    vi.useFakeTimers({ now: 0, toFake: ["setTimeout", "clearTimeout", "performance"] });
    done.length = 0;
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("the first is done at once, the last asked for when the period is over, those between never", () => {
    const throttle = new Throttle();
    for (const name of ["first", "second", "last"]) {
      throttle.do(work(name), 100);
      vi.advanceTimersByTime(20);
    }
    vi.advanceTimersByTime(1000);
    expect(done).toEqual([
      ["first", 0],
      ["last", 100],
    ]);
  });

  test("work asked for steadily is done once a period", () => {
    const throttle = new Throttle();
    for (let tick = 0; tick < 20; tick++) {
      throttle.do(work(String(tick)), 100);
      vi.advanceTimersByTime(50);
    }
    expect(done.map(([, at]) => at)).toEqual([0, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000]);
  });

  test("a shorter period wins over a longer one before it", () => {
    const throttle = new Throttle();
    throttle.do(work("first"), 500);
    throttle.do(work("long"), 500);
    throttle.do(work("short"), 100);
    vi.advanceTimersByTime(1000);
    expect(done).toEqual([
      ["first", 0],
      ["short", 100],
    ]);
  });

  test("what waits is not done after a stop", () => {
    const throttle = new Throttle();
    throttle.do(work("first"), 100);
    throttle.do(work("second"), 100);
    throttle.stop();
    vi.advanceTimersByTime(1000);
    expect(done.map(([name]) => name)).toEqual(["first"]);
  });
});
