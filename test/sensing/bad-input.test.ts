import fc from "fast-check";
import { beforeEach, describe, expect, it, test } from "vitest";
import type { ImageMessage, JointStateMessage } from "#src/messages/types.js";
import type { Counters, DropReason } from "#src/sensing/counters.js";
import type { Match } from "#src/sensing/match.js";
import { Observer } from "#src/sensing/observer.js";
import type { ObserverOptions } from "#src/sensing/observer-options.js";
import { header, jointState, rawImage, transform } from "./messages.js";
import { card, policyOf } from "./policies.js";

const MS = 1_000_000n;
const START = 1_700_000_000_000n * MS;

/** An observer, the clock that it reads, and what it told of. */
class Bench {
  now = START;
  readonly problems: string[] = [];
  observer!: Observer;

  static async of(options: Partial<ObserverOptions> = {}, given = card()): Promise<Bench> {
    const bench = new Bench();
    bench.observer = await Observer.create(policyOf(given), {
      now: () => bench.now,
      problem: (topic, reason) => bench.problems.push(`${topic}: ${reason}`),
      ...options,
    });
    return bench;
  }

  joints(ms: bigint, change: Partial<JointStateMessage> = {}): readonly Match[] {
    return this.observer.jointState({
      ...jointState(START + ms * MS, ["shoulder", "elbow"], [0.1, 0.2], [1, 2]),
      ...change,
    });
  }

  image(ms: bigint, change: Partial<ImageMessage> = {}): readonly Match[] {
    const message = rawImage("rgb8", 4, 3, new Uint8Array(36).fill(7), { header: header(START + ms * MS) });
    return this.observer.image("image", { ...message, ...change });
  }

  /** A good image with its joints, as the clock says `ms`: whatever happened before, it is observed. */
  async good(ms: bigint): Promise<void> {
    this.now = START + ms * MS;
    this.joints(ms);
    const matches = this.image(ms);
    expect(matches.length).toBe(1);
    expect((await matches[0]!.observe())?.values.joint_position).toEqual(Float64Array.of(0.1, 0.2));
  }

  dropped(topic: string): Counters["topics"][string]["dropped"] {
    return this.observer.counters().topics[topic]!.dropped;
  }
}

describe("a bad message is counted, told of in one line, and leaves all else running", () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await Bench.of();
    await bench.good(0n);
    bench.now = START + 20n * MS;
  });

  const images: [title: string, change: Partial<ImageMessage>, why: DropReason, problem: string][] = [
    ["of an unknown encoding", { encoding: "nv21" }, "encoding", 'encoding "nv21", expected one of rgb8'],
    [
      "of depth for a policy of colours",
      { encoding: "16UC1", step: 8, data: new Uint8Array(24) },
      "encoding",
      "pixels of 16UC1, expected pixels of rgb8, which the policy sees",
    ],
    ["of no size", { width: 0, height: 0, step: 0, data: new Uint8Array(0) }, "size", "an image of 0×0 pixels"],
    ["of absurd size", { width: 2 ** 32 - 1, height: 2 ** 32 - 1 }, "size", "4294967295×4294967295 pixels, expected 1"],
    [
      "of another size than the card's",
      { width: 3, step: 9, data: new Uint8Array(27) },
      "size",
      'an image of 3×3, expected 4×3, or keys for image in the card: "crop: centre" and "resize: antialias" for images of another size, as in training',
    ],
    ["that is truncated", { data: new Uint8Array(35) }, "damaged", "35 bytes, expected 36: 3 rows of 12"],
    [
      "without a stamp",
      { header: header(0n) },
      "too_old",
      "before now (the stamp is 0; not set?), expected at most 500 ms",
    ],
    [
      "of the past",
      { header: header(START - 600n * MS) },
      "too_old",
      "stamped 620 ms before now, expected at most 500",
    ],
    ["of the future", { header: header(START + 900n * MS) }, "in_future", "stamped 880 ms after now, expected at most"],
    ["that came before", { header: header(START) }, "out_of_order", "stamped at or before the previous image"],
    [
      "that was overtaken",
      { header: header(START - 10n * MS) },
      "out_of_order",
      "stamped at or before the previous image",
    ],
  ];
  it.each(images)("an image %s", async (_title, change, why, problem) => {
    expect(bench.image(10n, change)).toEqual([]);
    expect(bench.dropped("image")).toEqual({ [why]: 1 });
    expect(bench.problems.length).toBe(1);
    expect(bench.problems[0]).toMatch(/^image: [^\n]*$/);
    expect(bench.problems[0]).toContain(problem);
    await bench.good(30n);
    expect(bench.observer.counters()).toMatchObject({ observed: 2, clockJumps: 0, episodes: 1 });
    expect(bench.observer.counters().tooOld).toBe(why === "too_old" ? 1 : 0);
  });

  const joints: [title: string, change: Partial<JointStateMessage>, why: DropReason, problem: string][] = [
    [
      "that are no numbers",
      { position: Float64Array.of(Number.NaN, 0) },
      "not_a_number",
      "position of joint shoulder is NaN, expected a number",
    ],
    ["that lack positions", { position: Float64Array.of(1) }, "malformed", "found 1 positions, expected 2"],
    [
      "of the past",
      { header: header(START - 6_000n * MS) },
      "too_old",
      "stamped 6.02 s before now, expected at most 5",
    ],
    [
      "of the future",
      { header: header(START + 9_000n * MS) },
      "in_future",
      "stamped 8.98 s after now, expected at most",
    ],
  ];
  it.each(joints)("joints %s", async (_title, change, why, problem) => {
    bench.joints(10n, change);
    expect(bench.dropped("joint_states")).toEqual({ [why]: 1 });
    expect(bench.problems).toEqual([expect.stringContaining(problem)]);
    await bench.good(30n);
  });

  it("a damaged compressed image, found when it is looked at", async () => {
    bench.joints(10n);
    const data = Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 1, 2, 3);
    const matches = bench.observer.image("image", { header: header(START + 10n * MS), format: "jpeg", data });
    expect(matches.length).toBe(1);
    expect(await matches[0]!.observe()).toBeUndefined();
    expect(bench.dropped("image")).toEqual({ damaged: 1 });
    expect(bench.problems).toEqual([expect.stringMatching(/^image: the image is damaged/)]);
    await bench.good(30n);
    expect(bench.observer.counters()).toMatchObject({ matched: 3, observed: 2 });
  });

  it("a calibration that does not fit", async () => {
    const k = new Float64Array(9).fill(1);
    const info = { ...header(), header: header(), width: 9, height: 9, distortion_model: "", d: k, k, r: k };
    const roi = { x_offset: 0, y_offset: 0, width: 0, height: 0, do_rectify: false };
    bench.observer.cameraInfo("image", { ...info, p: new Float64Array(12), binning_x: 0, binning_y: 0, roi });
    await bench.good(30n);
    expect(bench.problems).toEqual([
      "image/camera_info: calibrated for images of 9×9 pixels, expected 4×3, the size of the images",
    ]);
  });
});

describe("what belongs together and does not come", () => {
  it("no joint states at all: missed, by name", async () => {
    const bench = await Bench.of();
    for (let ms = 0n; ms < 1000n; ms += 50n) {
      bench.now = START + ms * MS;
      expect(bench.image(ms)).toEqual([]);
    }
    expect(bench.observer.counters().syncMisses).toBeGreaterThan(8);
    expect(new Set(bench.problems)).toEqual(new Set(["image: no match: joint shoulder: no message"]));
    await bench.good(1000n);
  });

  it("while topics begin: counted without a word, until the first match or for too long", async () => {
    const bench = await Bench.of({ quietStart: 2 });
    const missed = async (from: bigint, to: bigint) => {
      const before = bench.observer.counters().syncMisses;
      for (let ms = from; ms < to; ms += 50n) {
        bench.now = START + ms * MS;
        bench.image(ms);
      }
      return bench.observer.counters().syncMisses - before;
    };
    expect(await missed(0n, 1900n)).toBeGreaterThan(20);
    expect(bench.problems).toEqual([]);
    expect(await missed(2000n, 2500n)).toBeGreaterThan(5);
    expect(bench.problems.length).toBeGreaterThan(5);

    bench.observer.reset();
    bench.problems.length = 0;
    expect(await missed(3000n, 4000n)).toBeGreaterThan(8);
    expect(bench.problems).toEqual([]);
    await bench.good(4000n);
    bench.problems.length = 0;
    bench.now = START + 4600n * MS;
    bench.joints(4600n, { name: ["wrist", "finger"] });
    expect(await missed(4600n, 5600n)).toBeGreaterThan(8);
    expect(bench.problems.length).toBeGreaterThan(8);
  });

  it("a joint that nobody sends", async () => {
    const bench = await Bench.of();
    bench.joints(0n, { name: ["shoulder", "wrist"] });
    bench.image(0n);
    bench.now = START + 600n * MS;
    bench.joints(600n, { name: ["shoulder", "wrist"] });
    expect(bench.problems).toEqual(["image: no match: joint elbow: in no joint state; other names there: wrist"]);
  });

  it("joint states that stop, and a publisher that starts again", async () => {
    const bench = await Bench.of();
    await bench.good(0n);
    for (let ms = 50n; ms < 2000n; ms += 50n) {
      bench.now = START + ms * MS;
      expect(bench.image(ms)).toEqual([]);
    }
    const missed = bench.observer.counters().syncMisses;
    expect(missed).toBeGreaterThan(25);
    await bench.good(2000n);
    await bench.good(2050n);
    // Nobody knows what the joints did when the images that still waited were taken.
    expect(bench.observer.counters()).toMatchObject({ observed: 3, episodes: 2 });
    expect(bench.observer.counters().syncMisses).toBe(39);
  });

  it("velocities that a card does not want to be guessed", async () => {
    const bench = await Bench.of();
    bench.joints(-10n, { velocity: new Float64Array(0) });
    bench.joints(0n, { velocity: new Float64Array(0) });
    expect(bench.image(0n)).toEqual([]);
    expect(bench.problems).toEqual([expect.stringContaining('or "missing_velocity: differentiate" in the card')]);
  });

  it("and velocities that it does", async () => {
    const bench = await Bench.of({}, card({ missing_velocity: "differentiate" }));
    bench.joints(-10n, { velocity: new Float64Array(0) });
    bench.joints(0n, { velocity: new Float64Array(0), position: Float64Array.of(0.2, 0.4) });
    const observation = (await bench.image(0n)[0]!.observe())!;
    expect(observation.flags).toContain("velocity_differentiated");
    expect([...observation.values.joint_velocity!].map((v) => Math.round(v * 1e6) / 1e6)).toEqual([10, 20]);
  });
});

describe("time", () => {
  it("an image that waited too long is not explained", async () => {
    const bench = await Bench.of();
    bench.joints(0n);
    const [match] = bench.image(0n);
    bench.now = START + 501n * MS;
    expect(await match!.observe()).toBeUndefined();
    expect(bench.problems).toEqual(["image: stamped 501 ms before now, expected at most 500 ms"]);
    expect(bench.observer.counters()).toMatchObject({ matched: 1, observed: 0, tooOld: 1 });
  });

  it("a clock that jumps back begins an episode, and what came before is dropped", async () => {
    const bench = await Bench.of();
    await bench.good(0n);
    await bench.good(5_000n);
    bench.joints(5_050n);
    const [late] = bench.image(5_050n);
    bench.now = START + 100n * MS;
    expect(await late!.observe()).toBeUndefined();
    bench.joints(100n);
    const observation = (await bench.image(100n)[0]!.observe())!;
    expect(observation.first).toBe(true);
    expect(bench.observer.counters()).toMatchObject({ clockJumps: 1 });
  });

  it("stamps that jump back do too, where the clock does not tell", async () => {
    const bench = await Bench.of({ maxAge: Number.POSITIVE_INFINITY });
    await bench.good(5_000n);
    bench.image(0n);
    bench.joints(0n);
    bench.joints(50n);
    const observation = (await bench.image(50n)[0]!.observe())!;
    expect(observation).toMatchObject({ first: true, tick: 1 });
    expect(bench.observer.counters()).toMatchObject({ clockJumps: 1, episodes: 2 });
  });

  it("a small step back is the order of arrival, and nothing else", async () => {
    const bench = await Bench.of();
    await bench.good(50n);
    bench.now -= 20n * MS;
    bench.joints(40n);
    expect(bench.observer.counters().clockJumps).toBe(0);
  });

  it.each([
    [{}, 999n, false],
    [{}, 1_001n, true],
    [{ episodeGap: 0.2 }, 201n, true],
    [{ episodeGap: Number.POSITIVE_INFINITY }, 100_000n, false],
  ])("a gap begins an episode where it is long enough: %j, %s ms", async (options, gap, first) => {
    const bench = await Bench.of(options);
    await bench.good(0n);
    bench.now = START + gap * MS;
    bench.joints(gap);
    expect((await bench.image(gap)[0]!.observe())!.first).toBe(first);
  });

  it("a first image that is not looked at leaves the next one first", async () => {
    const bench = await Bench.of();
    bench.joints(0n);
    bench.image(0n);
    bench.now += 50n * MS;
    bench.joints(50n);
    expect((await bench.image(50n)[0]!.observe())!).toMatchObject({ first: true, tick: 0 });
  });

  it("is bounded as told while running", async () => {
    const bench = await Bench.of();
    bench.observer.configure({ maxAge: 0.01, sync: "exact" });
    expect(bench.image(-11n)).toEqual([]);
    bench.joints(-6n);
    bench.joints(-4n);
    expect(bench.image(-5n)).toEqual([]);
    expect(bench.problems).toEqual([
      "image: stamped 11 ms before now, expected at most 10 ms",
      "image: no match: joint shoulder: no sample with this stamp",
    ]);
  });

  it.each([
    [{ slop: -1 }, "slop: found -1, expected a number of seconds, 0 or more"],
    [{ maxAge: Number.NaN }, "maxAge: found NaN, expected a number of seconds, 0 or more"],
    [{ sync: "linear" as "exact" }, 'sync: found "linear", expected one of interpolate, nearest, exact'],
  ])("options out of range are refused: %j", async (options, message) => {
    await expect(Bench.of(options)).rejects.toThrow(message);
    const bench = await Bench.of();
    expect(() => bench.observer.configure(options)).toThrow(message);
    await bench.good(0n);
  });
});

test("no message makes an observer throw, or keeps the next good one from being observed", async () => {
  const wild = fc.oneof(fc.double(), fc.constantFrom(0, -1, 1e308, 2 ** 32 - 1));
  const stamp = fc.oneof(fc.bigInt(-2000n, 2000n), fc.constantFrom(-START / MS, 1n << 40n));
  const bytes = fc.uint8Array({ maxLength: 60 });
  const name = fc.array(fc.constantFrom("shoulder", "elbow", "", "__proto__", "wheel"), { maxLength: 4 });
  const numbers = fc.array(wild, { maxLength: 4 });
  const encoding = fc.constantFrom("rgb8", "mono8", "bayer_rggb8", "yuyv", "constructor", "16UC1", "");
  const size = fc.oneof(fc.integer({ min: 0, max: 5 }), fc.nat(2 ** 32 - 1));
  type Act = (bench: Bench) => Promise<unknown> | unknown;
  const observed = async (matches: readonly Match[]) => {
    for (const match of matches) await match.observe();
  };
  const act: fc.Arbitrary<Act> = fc.oneof(
    fc.tuple(stamp, name, numbers, numbers).map(
      ([ms, names, position, velocity]): Act =>
        (bench) =>
          observed(bench.observer.jointState(jointState(START + ms * MS, names, position, velocity))),
    ),
    fc.tuple(stamp, encoding, size, size, size, bytes).map(
      ([ms, format, width, height, step, data]): Act =>
        (bench) =>
          observed(
            bench.observer.image("image", {
              ...rawImage(format, width, height, data, { step }),
              header: header(START + ms * MS),
            }),
          ),
    ),
    fc.tuple(stamp, fc.string(), bytes).map(
      ([ms, format, data]): Act =>
        (bench) =>
          observed(bench.observer.image("image", { header: header(START + ms * MS), format, data })),
    ),
    fc.tuple(stamp, wild).map(
      ([ms, x]): Act =>
        (bench) =>
          bench.observer.transforms({ transforms: [transform(START + ms * MS, "", "", [x, x, x], [x, x, x, x])] }),
    ),
    fc.bigInt(-500n, 500n).map(
      (ms): Act =>
        (bench) => {
          bench.now += ms * MS;
        },
    ),
    fc.string().map(
      (urdf): Act =>
        (bench) =>
          bench.observer.robotDescription(urdf),
    ),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 20 }), async (acts) => {
      const bench = await Bench.of();
      for (const one of acts) await one(bench);
      // Long after: the horizon of what was sent from the future.
      await bench.good(1n << 41n);
      for (const problem of bench.problems) expect(problem).not.toContain("\n");
    }),
    { numRuns: 200 },
  );
});
