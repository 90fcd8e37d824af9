import { expect, test } from "vitest";
import { type Clock, Pace } from "#src/sim/pace.js";

/** A clock that stands still but for waits and what a test adds. */
class SetClock implements Clock {
  time = 1000;
  now = () => this.time;
  async wait(milliseconds: number, signal: AbortSignal) {
    if (!signal.aborted) this.time += milliseconds;
  }
}

const { signal } = new AbortController();

/** When each tick begins, milliseconds after the first, if its work takes so long. */
async function begun(pace: Pace, clock: SetClock, work: readonly number[]): Promise<number[]> {
  const times: number[] = [];
  for (const milliseconds of [...work, 0]) {
    await pace.next(signal);
    times.push(clock.time - 1000);
    clock.time += milliseconds;
  }
  return times;
}

test("ticks begin a period apart; a short delay is caught up", async () => {
  const clock = new SetClock();
  const pace = new Pace(10, clock);
  expect(await begun(pace, clock, [0, 3, 10, 16, 1, 0])).toEqual([0, 10, 20, 30, 46, 50, 60]);
  expect([pace.late, pace.latest]).toEqual([1, 6]);
});

test("a delay of more than a period is counted and not caught up", async () => {
  const clock = new SetClock();
  const pace = new Pace(10, clock);
  expect(await begun(pace, clock, [0, 0, 80, 0, 0])).toEqual([0, 10, 20, 100, 110, 120]);
  expect([pace.late, pace.latest]).toEqual([1, 70]);
});

test("a delay of the timer is not the loop's", async () => {
  const clock = new SetClock();
  const pace = new Pace(10, clock);
  await begun(pace, clock, [11.5, 0]);
  expect([pace.late, pace.latest]).toEqual([0, 1.5]);
});

test("a period of 0 never waits", async () => {
  const clock = new SetClock();
  expect(await begun(new Pace(0, clock), clock, [1, 1])).toEqual([0, 1, 2]);
});

test("a wait ends at the signal", async () => {
  const ending = new AbortController();
  const pace = new Pace(3_600_000);
  await pace.next(ending.signal);
  const waiting = pace.next(ending.signal);
  ending.abort();
  await waiting;
});
