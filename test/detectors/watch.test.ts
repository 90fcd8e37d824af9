import { describe, expect, it } from "vitest";
import { ReferenceBuilder } from "#src/detectors/reference-builder.js";
import type { Seen } from "#src/detectors/seen.js";
import { DETECTOR_ROWS, type DetectorName } from "#src/detectors/table.js";
import { Watch } from "#src/detectors/watch.js";
import { blurred, from, moved, picture, pixels, swing } from "./scene.js";

const builder = new ReferenceBuilder();
for (let run = 0; run < 8; run++) for (const tick of swing(run)) builder.add(tick);
const reference = builder.build()!;

const alarms = (run: readonly Seen[], withReference = true) => {
  const watch = new Watch(withReference ? reference : undefined);
  for (const tick of run) watch.add(tick);
  return watch.alarms.filter(({ isSecondary }) => !isSecondary);
};

const good = swing(3);
type Two = readonly [number, number];
/** Positions and velocities of both joints, changed. */
const joint = (change: (position: Two, velocity: Two, i: number) => readonly [Two, Two]) => (seen: Seen, i: number) => {
  const two = (values: ArrayLike<number>): Two => [values[0]!, values[1]!];
  const [position, velocity] = change(two(seen.position), two(seen.velocity), i);
  return { position, velocity };
};
const degrees = ([a, b]: Two): Two => [(a * 180) / Math.PI, (b * 180) / Math.PI];
const brighter = (data: Uint8Array) => data.map((value) => Math.min(255, 4 * value));
const last = good[11]!;

/** Faults from tick 12 on, made here and not by the simulator. */
const FAULTS: readonly (readonly [DetectorName, (seen: Seen, i: number) => Partial<Seen>])[] = [
  ["clock", ({ stamp }) => ({ stamp: stamp + 400_000_000n })],
  ["black", pixels((data) => data.fill(0))],
  ["overexposed", pixels(brighter)],
  ["frozen", () => ({ images: last.images })],
  ["late", (_, i) => ({ images: good[i - 3]!.images })],
  ["blurred", pixels(blurred(2))],
  ["occluded", pixels((data) => data.fill(8, 0, 3 * 48 * 16))],
  ["shifted", pixels(moved(7, 0))],
  ["unfamiliar", (seen) => pixels(() => picture(seen.position[0]!, [40, 10]))(seen)],
  ["joint_stuck", joint(([, b], v) => [[last.position[0]!, b], v])],
  ["joint_noisy", joint(([a, b], v, i) => [[a + (i % 2 === 0 ? 0.2 : -0.2), b], v])],
  [
    "joints_swapped",
    joint(([a, b], [va, vb]) => [
      [b, a],
      [vb, va],
    ]),
  ],
  ["joints_in_degrees", joint((q, v) => [degrees(q), degrees(v)])],
  ["joint_out_of_range", joint(([a, b], v) => [[a, b + 2 * Math.PI], v])],
  ["joint_offset", joint(([a, b], v) => [[a + 0.5, b], v])],
  ["velocity_stuck", joint((q) => [q, [last.velocity[0]!, last.velocity[1]!]])],
  ["velocity_inconsistent", joint((q, [va, vb]) => [q, [-va, -vb]])],
];

describe("a watch over a run", () => {
  it.each(FAULTS)("finds %s, when it began, and nothing else", (name, change) => {
    const found = alarms(from(good, 12, change));
    expect(found.map(({ detector }) => detector)).toEqual([name]);
    const [{ from: began, known } = { from: 0, known: 0 }] = found;
    expect(Math.abs(began - 12)).toBeLessThanOrEqual(7);
    expect(known).toBeGreaterThanOrEqual(12);
    expect(known).toBeLessThan(30);
  });

  it("finds nothing in good runs, with and without a reference", () => {
    for (let run = 10; run < 15; run++) {
      expect(alarms(swing(run))).toEqual([]);
      expect(alarms(swing(run), false)).toEqual([]);
    }
  });

  it("takes no joint to be out of the range of a few good runs, which is too narrow", () => {
    const few = new ReferenceBuilder();
    for (let run = 0; run < 3; run++) for (const tick of swing(run)) few.add(tick);
    const far = from(good, 0, ({ position }) => ({ position: [position[0]!, position[1]! + 2.2] }));
    const found = (usual: typeof reference) => {
      const watch = new Watch(usual);
      for (const tick of far) watch.add(tick);
      return watch.alarms.map(({ detector }) => detector);
    };
    expect(found(reference)).toContain("joint_out_of_range");
    expect(found(few.build()!)).not.toContain("joint_out_of_range");
  });

  it("tells a scene that is strange from the start", () => {
    const strange = from(good, 0, (seen) => pixels(() => picture(seen.position[0]!, [40, 10]))(seen));
    expect(alarms(strange)).toMatchObject([{ detector: "unfamiliar", from: 0 }]);
  });

  it("tells a late image whose delay is longer than the run so far", () => {
    const late = from(good, 4, (_, i) => ({ images: good[Math.max(0, i - 7)]!.images }));
    expect(alarms(late)).toMatchObject([{ detector: "late", from: 4 }]);
  });

  it("tells images that are late from the first tick on, by the poses that they show", () => {
    const late = good.map((seen, i) => ({ ...seen, images: swing(3, 60)[Math.max(0, i - 4)]!.images }));
    expect(alarms(late).map(({ detector }) => detector)).toEqual(["late"]);
  });

  it("tells joints that are swapped and then move fast, as a light arm does with another joint's torque", () => {
    const fast = from(good, 12, (seen, i) => {
      const since = (i - 12) * 0.05;
      const q = seen.position[0]! + 600 * since ** 2;
      return { position: [seen.position[1]!, q], velocity: [seen.velocity[1]!, seen.velocity[0]! + 1200 * since] };
    });
    expect(alarms(fast)[0]).toMatchObject({ detector: "joints_swapped", subject: "a", from: 12 });
  });

  it("begins anew with each run", () => {
    const watch = new Watch(reference);
    for (const tick of [...from(good, 12, FAULTS[1]![1]), ...good]) watch.add(tick);
    expect(watch.alarms).toEqual([]);
  });

  it("finds faults that need no good run without one", () => {
    const needless = new Set(DETECTOR_ROWS.filter(([, { needsReference }]) => !needsReference).map(([name]) => name));
    for (const [name, change] of FAULTS)
      if (needless.has(name))
        expect(alarms(from(good, 12, change), false).map(({ detector }) => detector)).toContain(name);
  });

  it("does not take ticks that were left out for stamps that jump, nor for joints that go astray", () => {
    const long = swing(3, 60);
    const some = long.filter((_, i) => i < 12 || i % 3 === 0);
    const told = some.map((seen, i) => ({ ...seen, skipped: i < 12 ? 0 : 2 }));
    expect(alarms(told, false)).toEqual([]);
    expect(alarms(some, false).map(({ detector }) => detector)).toContain("clock");
  });
});

describe("a watch over a run without end", () => {
  const long = swing(3, 120);
  const jump = (seen: Seen, i: number): Partial<Seen> => ({
    stamp: seen.stamp + (i >= 40 ? 700_000_000n : 400_000_000n),
  });
  const detectors = (run: readonly Seen[], isEndless: boolean) => {
    const watch = new Watch(undefined, isEndless);
    return run.map((seen) => watch.add(seen).map(({ detector, text }) => `${detector} ${text.slice(0, 5)}`));
  };

  it("tells the present alarm, and not the strongest of the run", () => {
    const found = detectors(from(long, 12, jump), true);
    expect(found[12]).toEqual(["clock 0.450"]);
    expect(found[40]).toEqual(["clock 0.350"]);
    expect(detectors(from(long, 12, jump), false)[40]).toEqual(["clock 0.450"]);
  });

  it("does not hide a fault for good because another came before it", () => {
    // Stamps that jump once a second, and a picture that stays.
    const jumps = from(long, 12, (seen, i) => ({ stamp: seen.stamp + BigInt(Math.floor(i / 20)) * 400_000_000n }));
    const freezes = from(jumps, 20, () => ({ images: long[19]!.images }));
    const ofFrozen = (found: string[][]) => found.map((each) => each.some((text) => text.startsWith("frozen")));
    expect(ofFrozen(detectors(freezes, true)).lastIndexOf(true)).toBe(119);
    expect(ofFrozen(detectors(freezes, false))).not.toContain(true);
  });

  it("tells faults of image and joints beside each other", () => {
    const both = from(
      from(long, 20, () => ({ images: long[19]!.images })),
      40,
      (seen) => ({
        position: [long[39]!.position[0]!, seen.position[1]!],
      }),
    );
    const [last] = detectors(both, true).slice(-1);
    expect(last!.map((text) => text.split(" ")[0])).toEqual(["frozen", "joint_stuck"]);
  });
});
