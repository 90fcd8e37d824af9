import { expect, test } from "vitest";
import type { Frame } from "#src/video/frames.js";
import { sampled } from "#src/video/sampled.js";

async function* framesAt(milliseconds: readonly number[]): AsyncGenerator<Frame> {
  for (const at of milliseconds) yield { time: 5_000_000_000n + BigInt(Math.round(1e6 * at)), data: Uint8Array.of(at) };
}

/** Times of the frames that are shown, and for how many pictures. */
async function shown(milliseconds: readonly number[], fps: number, speed = 1): Promise<[at: number, count: number][]> {
  const found: [number, number][] = [];
  for await (const { frame, count } of sampled(framesAt(milliseconds), fps, speed))
    found.push([Number(frame.time - 5_000_000_000n) / 1e6, count]);
  return found;
}

test.each<[string, number[], number, number, [number, number][]]>([
  [
    "one picture a frame at their own rate",
    [0, 50, 100, 150],
    20,
    1,
    [
      [0, 1],
      [50, 1],
      [100, 1],
      [150, 1],
    ],
  ],
  [
    "stamps that jitter make no difference",
    [0, 50.4, 99.7, 150],
    20,
    1,
    [
      [0, 1],
      [50.4, 1],
      [99.7, 1],
      [150, 1],
    ],
  ],
  [
    "slower frames are shown several times",
    [0, 100, 200],
    20,
    1,
    [
      [0, 2],
      [100, 2],
      [200, 1],
    ],
  ],
  [
    "a gap holds the frame before it",
    [0, 50, 300],
    20,
    1,
    [
      [0, 1],
      [50, 5],
      [300, 1],
    ],
  ],
  [
    "faster frames are left out",
    [0, 20, 40, 60, 80, 100],
    20,
    1,
    [
      [0, 1],
      [40, 1],
      [100, 1],
    ],
  ],
  [
    "twice the speed leaves out every other",
    [0, 50, 100, 150, 200],
    20,
    2,
    [
      [0, 1],
      [100, 1],
      [200, 1],
    ],
  ],
  [
    "half the speed shows each twice",
    [0, 50, 100],
    20,
    0.5,
    [
      [0, 2],
      [50, 2],
      [100, 1],
    ],
  ],
  ["no frames", [], 20, 1, []],
])("%s", async (_, times, fps, speed, expected) => {
  expect(await shown(times, fps, speed)).toEqual(expected);
});
