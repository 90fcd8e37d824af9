import { expect, test } from "vitest";
import { RosSource } from "#src/ros/explain/ros-source.js";
import type { Match } from "#src/sensing/match.js";
import type { Observer } from "#src/sensing/observer.js";
import { sampleExplanation } from "../../messages/sample.js";

test("an observation says how many before it were left out for lack of time", async () => {
  const failed = (error: Error) => {
    throw error;
  };
  const source = new RosSource({} as Observer, failed, undefined);
  const { observation } = sampleExplanation();
  const matched = (tick: number, isGood = true) =>
    source.matched({
      stamp: BigInt(tick),
      receivedMs: 0,
      matchedMs: 0,
      observe: async () => (isGood ? { ...observation, tick } : undefined),
      release: () => undefined,
    } satisfies Match);
  const observations = source.observations();
  const next = async () => {
    const { value } = await observations.next();
    return [value.tick, value.skipped];
  };
  matched(0);
  expect(await next()).toEqual([0, 0]);
  for (const tick of [1, 2, 3]) matched(tick);
  expect(await next()).toEqual([3, 2]);
  matched(4);
  expect(await next()).toEqual([4, 0]);
  // One that turns out to be damaged is the sender's fault; those that it replaced are still the node's.
  for (const [tick, isGood] of [
    [5, true],
    [6, false],
  ] as const)
    matched(tick, isGood);
  const waiting = next();
  await new Promise((resolve) => setImmediate(resolve));
  matched(7);
  expect(await waiting).toEqual([7, 1]);
});
