import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { type Bounds, Synchroniser } from "#src/sensing/synchroniser.js";
import type { Reading } from "#src/sensing/timeline.js";

const bounds: Bounds = { policy: "interpolate", slop: 10n, oldest: -1000n };
const known = (): Reading<string> => ({ kind: "found", value: "state" });
const frame = (stamp: bigint) => ({ stamp, message: `image ${stamp}` });
/** A state that is known up to a stamp. */
const upTo =
  (newest: bigint) =>
  (stamp: bigint): Reading<bigint> =>
    stamp <= newest ? { kind: "found", value: stamp } : { kind: "wait", reason: "joints: no sample after it" };

describe("one camera", () => {
  it("waits for the state, and overtakes nothing", () => {
    const pairs = new Synchroniser<string, bigint>(["front"]);
    for (const stamp of [10n, 20n, 30n]) pairs.add("front", frame(stamp));
    expect(pairs.take(upTo(5n), bounds)).toEqual({ sets: [], misses: [] });
    const { sets, misses } = pairs.take(upTo(20n), bounds);
    expect(sets).toEqual([10n, 20n].map((stamp) => ({ stamp, frames: { front: frame(stamp) }, state: stamp })));
    expect(misses).toEqual([]);
    expect(pairs.take(upTo(30n), bounds).sets.map(({ stamp }) => stamp)).toEqual([30n]);
    expect(pairs.take(upTo(99n), bounds)).toEqual({ sets: [], misses: [] });
  });

  it("misses what has no state, says why, and goes on", () => {
    const pairs = new Synchroniser<string, string>(["front"]);
    for (const stamp of [10n, 20n]) pairs.add("front", frame(stamp));
    const { sets, misses } = pairs.take(
      (stamp) => (stamp === 10n ? { kind: "miss", reason: "joints: no sample before it" } : known()),
      bounds,
    );
    expect(misses).toEqual([{ stamp: 10n, reason: "joints: no sample before it" }]);
    expect(sets.map(({ stamp }) => stamp)).toEqual([20n]);
  });

  it("gives up what a later one overtook", () => {
    const pairs = new Synchroniser<string, string>(["front"]);
    for (const stamp of [10n, 20n]) pairs.add("front", frame(stamp));
    const state = (stamp: bigint): Reading<string> => (stamp === 10n ? { kind: "wait", reason: "not yet" } : known());
    expect(pairs.take(state, bounds).misses).toEqual([{ stamp: 10n, reason: "not yet" }]);
    expect(pairs.take(known, bounds)).toEqual({ sets: [], misses: [] });
  });

  it("gives up what is too old, and keeps no long queue", () => {
    const pairs = new Synchroniser<string, bigint>(["front"]);
    for (let stamp = 1n; stamp <= 15n; stamp++) pairs.add("front", frame(stamp));
    expect(pairs.take(upTo(0n), bounds).misses.map(({ stamp }) => stamp)).toEqual([1n, 2n, 3n, 4n, 5n]);
    expect(pairs.take(upTo(0n), { ...bounds, oldest: 13n }).misses.map(({ stamp }) => stamp)).toEqual([
      6n,
      7n,
      8n,
      9n,
      10n,
      11n,
      12n,
    ]);
    expect(pairs.take(upTo(99n), bounds).sets.map(({ stamp }) => stamp)).toEqual([13n, 14n, 15n]);
  });
});

describe("several cameras", () => {
  const cameras = () => new Synchroniser<string, string>(["front", "wrist"]);

  it("of one stamp belong together at once", () => {
    const pairs = cameras();
    pairs.add("wrist", frame(10n));
    expect(pairs.take(known, bounds).sets).toEqual([]);
    pairs.add("front", frame(10n));
    expect(pairs.take(known, bounds).sets).toEqual([
      { stamp: 10n, frames: { front: frame(10n), wrist: frame(10n) }, state: "state" },
    ]);
  });

  it("otherwise the nearest counts once it is known", () => {
    const pairs = cameras();
    pairs.add("wrist", frame(4n));
    pairs.add("front", frame(10n));
    expect(pairs.take(known, bounds)).toEqual({ sets: [], misses: [] });
    pairs.add("wrist", frame(14n));
    expect(pairs.take(known, bounds).sets[0]!.frames.wrist).toEqual(frame(14n));
  });

  it("`nearest` takes what is there", () => {
    const pairs = cameras();
    pairs.add("wrist", frame(4n));
    pairs.add("front", frame(10n));
    expect(pairs.take(known, { ...bounds, policy: "nearest" }).sets[0]!.frames.wrist).toEqual(frame(4n));
  });

  it("`exact` takes nothing else", () => {
    const pairs = cameras();
    pairs.add("front", frame(10n));
    pairs.add("wrist", frame(11n));
    expect(pairs.take(known, { ...bounds, policy: "exact" }).misses).toEqual([
      { stamp: 10n, reason: "wrist: no sample with this stamp" },
    ]);
  });

  it("further apart than slop are a miss", () => {
    const pairs = cameras();
    pairs.add("wrist", frame(1n));
    pairs.add("front", frame(20n));
    pairs.add("wrist", frame(40n));
    expect(pairs.take(known, bounds).misses).toEqual([{ stamp: 20n, reason: "wrist: no sample within sync_slop" }]);
  });

  it("a camera that is silent is named", () => {
    const pairs = cameras();
    pairs.add("front", frame(10n));
    pairs.take(known, bounds);
    expect(pairs.take(known, { ...bounds, oldest: 50n }).misses).toEqual([{ stamp: 10n, reason: "wrist: no image" }]);
  });
});

test("sets come in order, each image at most once, all within slop; none is lost without a word", () => {
  const step = fc.record({ camera: fc.constantFrom("front", "wrist"), ahead: fc.integer({ min: 1, max: 9 }) });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const pairs = new Synchroniser<string, bigint>(["front", "wrist"]);
      const newest: Record<string, bigint> = { front: 0n, wrist: 0n };
      const sent: bigint[] = [];
      const matched: bigint[] = [];
      let missed = 0;
      const take = (limits: Bounds) => {
        const { sets, misses } = pairs.take((stamp) => ({ kind: "found", value: stamp }), limits);
        missed += misses.length;
        for (const { stamp, frames, state } of sets) {
          expect(state).toBe(stamp);
          expect(Math.abs(Number(frames.wrist!.stamp - stamp))).toBeLessThanOrEqual(10);
          expect(frames.front!.stamp).toBe(stamp);
          matched.push(stamp);
        }
      };
      for (const { camera, ahead } of steps) {
        newest[camera]! += BigInt(ahead);
        pairs.add(camera, frame(newest[camera]!));
        if (camera === "front") sent.push(newest[camera]!);
        take(bounds);
      }
      take({ ...bounds, oldest: 10_000n });
      expect(matched).toEqual([...matched].sort((a, b) => Number(a - b)));
      expect(new Set(matched).size).toBe(matched.length);
      expect(matched.length + missed).toBe(sent.length);
    }),
  );
});
