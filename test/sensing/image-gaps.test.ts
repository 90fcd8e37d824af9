import { expect, it } from "vitest";
import { ImageGaps } from "#src/sensing/image-gaps.js";
import { Observer } from "#src/sensing/observer.js";
import { header, jointState, rawImage } from "./messages.js";
import { card, policyOf } from "./policies.js";

const MS = 1_000_000n;
const PAUSE = 1_000n * MS;

function gapsOf(stamps: readonly number[]) {
  const gaps = new ImageGaps();
  for (const ms of stamps) gaps.add(BigInt(Math.round(ms * 1e6)), PAUSE);
  return { missing: gaps.missing, silence: gaps.silence };
}

/** Images of a camera of 30 Hz by their numbers. */
const camera = (has: (i: number) => boolean = () => true, jitter = 0) =>
  Array.from({ length: 300 }, (_, i) => i)
    .filter(has)
    .map((i) => 33.3 * i + jitter * Math.sin(7 * i));

it.each<[string, number[], number]>([
  ["nothing of a whole course", camera(), 0],
  ["nothing of one with jitter", camera(undefined, 6), 0],
  ["each that is lost", camera((i) => ![40, 80, 81, 200, 201, 202, 203].includes(i)), 7],
  ["each that is lost, with jitter", camera((i) => ![40, 80, 81, 200, 201, 202, 203].includes(i), 4), 7],
  ["nothing of a camera that gives every second image", camera((i) => i % 2 === 0), 0],
  ["nothing of images that come as they like", camera((i) => (i * i) % 7 < 3), 0],
  ["nothing of images that come again or late", camera().flatMap((ms, i) => (i % 5 ? [ms] : [ms, ms, ms - 40])), 0],
  ["nothing of the first few", camera((i) => i > 8 || i % 3 > 0), 0],
])("the stamps miss %s", (_, stamps, missing) => {
  expect(gapsOf(stamps)).toEqual({ missing, silence: 0 });
});

it("a pause is not a loss", () => {
  const { missing, silence } = gapsOf(camera((i) => i < 100 || i > 190));
  expect(missing).toBe(0);
  expect(silence).toBeCloseTo((191 - 99) * 0.0333, 6);
});

it("an observer tells what is missing and when no images come", async () => {
  let now = 0n;
  const observer = await Observer.create(policyOf(card()), { now: () => now });
  const see = (ms: number) => {
    now = BigInt(ms) * MS;
    observer.jointState(jointState(now, ["shoulder", "elbow"], [0, 0], [0, 0]));
    observer.image("image", rawImage("rgb8", 4, 3, new Uint8Array(36), { header: header(now) }));
  };
  for (let i = 0; i < 40; i++) if (i !== 20 && i !== 30 && i !== 31) see(50 * i);
  expect(observer.counters().topics.image).toEqual({ received: 37, dropped: {}, missing: 3 });
  expect(observer.pauses()).toEqual({ total: 0, current: 0 });
  now = 1950n * MS + 2_500n * MS;
  expect(observer.pauses()).toEqual({ total: 2.5, current: 2.5 });
  see(4950);
  expect(observer.pauses()).toEqual({ total: 3, current: 0 });
  expect(observer.counters().topics.image!.missing).toBe(3);
  // A clock that jumps back is no pause.
  see(100);
  expect(observer.pauses()).toEqual({ total: 3, current: 0 });
  observer.delete();
});
