import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { JointBuffer } from "#src/sensing/joint-buffer.js";
import { Observer } from "#src/sensing/observer.js";
import { header, jointState, rawImage } from "./messages.js";
import { card, policyOf } from "./policies.js";

const MS = 1_000_000n;

/** A joint state as it arrives. */
interface State {
  /** Milliseconds. */
  readonly at: number;
  readonly position: number;
  readonly velocity?: number;
}

interface Course {
  /** Messages a second. */
  readonly rate: number;
  /** First stamp, milliseconds. */
  readonly from?: number;
  readonly seconds?: number;
  /** Position at a time in seconds. */
  readonly position: (t: number) => number;
  /** False: no velocities are sent. */
  readonly hasVelocity?: boolean;
}

/** What one publisher sends of a joint that moves like this. */
function sent({ rate, from = 0, seconds = 3, position, hasVelocity = true }: Course): State[] {
  return Array.from({ length: seconds * rate }, (_, i) => {
    const at = from + (1000 * i) / rate;
    const t = at / 1000;
    const velocity = (position(t + 1e-6) - position(t - 1e-6)) / 2e-6;
    return { at, position: position(t), ...(hasVelocity && { velocity }) };
  });
}

/** Messages of several publishers in the order of their stamps. */
const together = (...streams: State[][]): State[] => streams.flat().sort((a, b) => a.at - b.at);

interface Heard {
  readonly told: string[];
  readonly count: number;
  readonly isMixedAtEnd: boolean;
}

function heard(states: readonly State[], limit?: number, isLinear = false): Heard {
  const told: string[] = [];
  let count = 0;
  const buffer = new JointBuffer(["a"], {
    missingVelocity: "differentiate",
    needsVelocity: false,
    controlPeriod: 50n * MS,
    horizon: 5_000n * MS,
    mixed: (reason) => {
      count++;
      if (reason !== undefined) told.push(reason);
    },
  });
  buffer.speeds = new Map([["a", { limit, isLinear }]]);
  let end = 0n;
  for (const { at, position, velocity } of states) {
    end = BigInt(Math.round(at * 1e6));
    buffer.add(jointState(end, ["a"], [position], velocity === undefined ? [] : [velocity]), end);
  }
  const reading = buffer.at(end, "nearest", 50n * MS);
  return { told, count, isMixedAtEnd: reading.kind === "found" && reading.value.isMixed };
}

const swing =
  (amplitude: number, hertz: number, middle = 0) =>
  (t: number) =>
    middle + amplitude * Math.sin(2 * Math.PI * hertz * t);

describe("two publishers of one joint are found", () => {
  const left = { rate: 100, position: swing(0.5, 0.3) };
  const right = { rate: 100, from: 3, position: swing(0.4, 0.5, 1.2) };
  it.each<[string, State[], number | undefined]>([
    ["with velocities", together(sent(left), sent(right)), undefined],
    [
      "with a limit of speed",
      together(sent({ ...left, hasVelocity: false }), sent({ ...right, hasVelocity: false })),
      3,
    ],
    [
      "with neither",
      together(sent({ ...left, hasVelocity: false }), sent({ ...right, hasVelocity: false })),
      undefined,
    ],
    ["where only one sends velocities", together(sent(left), sent({ ...right, hasVelocity: false })), undefined],
    ["with the same stamps", together(sent(left), sent({ ...right, from: 0 })), undefined],
    ["one of them ten times as often", together(sent(left), sent({ ...right, rate: 10 })), undefined],
    ["slowly, 10 Hz", together(sent({ ...left, rate: 10 }), sent({ ...right, rate: 10, from: 50 })), undefined],
    [
      "of three",
      together(sent(left), sent(right), sent({ ...right, from: 7, position: swing(0.3, 0.2, -1.5) })),
      undefined,
    ],
    ["0.1 rad apart", together(sent(left), sent({ ...left, from: 5, position: (t) => left.position(t) + 0.1 })), 3],
    [
      "one of them at rest at 0",
      together(sent({ rate: 100, position: swing(0.3, 0.2, 1) }), sent({ rate: 30, position: () => 0 })),
      undefined,
    ],
    [
      "one of them a state of 0.2 s ago",
      together(
        sent({ rate: 100, position: swing(1, 0.5) }),
        sent({ rate: 10, from: 1, position: (t) => swing(1, 0.5)(t - 0.2) }),
      ),
      undefined,
    ],
  ])("%s", (_, states, limit) => {
    const { told, count, isMixedAtEnd } = heard(states, limit);
    expect(told[0]).toMatch(
      /^joint a: positions jump to and fro, [\d.]+ within [\d.]+ ms \(.*\), as if several publishers send different states of one arm; expected one publisher a joint$/,
    );
    // Once a second.
    expect(told.length).toBeGreaterThan(1);
    expect(told.length).toBeLessThanOrEqual(3);
    expect(count).toBeGreaterThan(5);
    expect(isMixedAtEnd).toBe(true);
  });

  it("a sliding one too, also where they are 2π apart", () => {
    const states = together(
      sent({ rate: 100, position: swing(0.02, 0.3) }),
      sent({ rate: 100, from: 4, position: swing(0.02, 0.3, 2 * Math.PI) }),
    );
    expect(heard(states, 0.5, true).isMixedAtEnd).toBe(true);
    expect(heard(states, 0.5, false).count).toBe(0);
  });

  it("no longer, 2 s after one of them has gone", () => {
    const one = sent({ ...left, seconds: 6 });
    expect(heard(together(one, sent(right))).isMixedAtEnd).toBe(false);
    expect(heard(together(one, sent({ ...right, seconds: 6 }))).isMixedAtEnd).toBe(true);
  });
});

/** A number of [0, 1) by a place: the same in every run. */
const random = (i: number): number => {
  const x = Math.sin(12.9898 * (i + 1)) * 43758.5453;
  return x - Math.floor(x);
};

describe("one publisher is no two", () => {
  const bare = (course: Course) => sent({ ...course, hasVelocity: false });
  const zeros = (states: State[]) => states.map((state) => ({ ...state, velocity: 0 }));
  const fast = { rate: 50, position: swing(2, 3) };
  const wrapped = (x: number) => x - 2 * Math.PI * Math.round(x / (2 * Math.PI));
  const resets = (every: number) => (t: number) => 0.3 + 1.5 * ((t % every) / every);
  it.each<[string, State[]]>([
    ["a fast arm, 38 rad/s at its fastest", sent(fast)],
    ["a fast arm without velocities", bare(fast)],
    ["a fast arm whose driver fills in zeros", zeros(bare(fast))],
    ["a fast arm at 20 Hz", bare({ ...fast, rate: 20 })],
    ["an arm that loses 60 % of its messages", sent(fast).filter((_, i) => random(i) > 0.6)],
    ["an arm that loses every second message", bare(fast).filter((_, i) => i % 2 === 0)],
    [
      "late messages",
      sent(fast).map((_, i, all) => all[i % 5 === 4 ? i - 4 : i % 5 < 4 && i + 1 < all.length ? i + 1 : i]!),
    ],
    [
      "messages sent again, with their stamps",
      sent(fast).flatMap((state, i, all) => [state, all[Math.max(0, i - 3)]!]),
    ],
    ["a joint that turns on and on, from π to −π", sent({ rate: 50, position: (t) => wrapped(9 * t) })],
    [
      "a joint at ±π, with noise",
      bare({ rate: 100, position: (t) => wrapped(Math.PI + 0.01 * (random(Math.round(100 * t)) - 0.5)) }),
    ],
    ["noise of an encoder", bare({ rate: 500, position: (t) => 0.5 + 0.01 * (random(Math.round(500 * t)) - 0.5) })],
    ["a simulator reset every 0.4 s", sent({ rate: 50, position: resets(0.4) })],
    ["a simulator reset every 0.06 s", bare({ rate: 50, position: resets(0.06) })],
    [
      "a loop of a recording",
      [...sent({ ...fast, seconds: 1 }), ...sent({ ...fast, seconds: 1 }), ...sent({ ...fast, seconds: 1 })],
    ],
    [
      "a short loop of a recording at rest elsewhere",
      Array.from({ length: 12 }, () => sent({ rate: 50, seconds: 1, position: (t) => Math.min(1, 4 * t) })).flat(),
    ],
    [
      "stamps of a coarse clock",
      sent({ rate: 500, position: swing(1, 1) }).map((state) => ({ ...state, at: 20 * Math.floor(state.at / 20) })),
    ],
    ["stamps that are never set", sent({ rate: 100, position: swing(1, 1) }).map((state) => ({ ...state, at: 0 }))],
    [
      "a wrong value now and then",
      sent({ rate: 100, position: swing(1, 0.5) }).map((state, i) =>
        random(i) > 0.9 ? { ...state, position: 6 * random(7 * i) - 3 } : state,
      ),
    ],
    ["a gripper that opens and closes every half second", bare({ rate: 20, position: (t) => (t % 1 < 0.5 ? 0 : 0.8) })],
    [
      "an arm that changes between two poses every 0.5 s",
      bare({ rate: 2, seconds: 20, position: (t) => (t % 1 < 0.5 ? 0 : 0.8) }),
    ],
    ["an arm that starts and stops at once", zeros(bare({ rate: 10, position: (t) => Math.floor(t) }))],
  ])("%s", (_, states) => {
    for (const limit of [undefined, 40])
      expect(heard(states, limit)).toEqual({ told: [], count: 0, isMixedAtEnd: false });
  });

  it("any smooth motion, at any rate, with messages lost", () => {
    const wave = fc.record({
      amplitude: fc.double({ min: 0, max: 2, noNaN: true }),
      hertz: fc.double({ min: 0, max: 2.5, noNaN: true }),
      phase: fc.double({ min: 0, max: 6.3, noNaN: true }),
    });
    fc.assert(
      fc.property(
        fc.array(wave, { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 10, max: 300 }),
        fc.double({ min: 0, max: 0.7, noNaN: true }),
        fc.boolean(),
        (waves, rate, lost, hasVelocity) => {
          const position = (t: number) =>
            waves.reduce(
              (sum, { amplitude, hertz, phase }) => sum + amplitude * Math.sin(2 * Math.PI * hertz * t + phase),
              0,
            );
          const states = sent({ rate, position, hasVelocity }).filter((_, i) => random(i) >= lost);
          expect(heard(states).count).toBe(0);
        },
      ),
      { numRuns: 300, seed: 1 },
    );
  });
});

describe("an observer", () => {
  const joints = ["shoulder", "elbow"];

  async function robot() {
    const problems: string[] = [];
    const observer = await Observer.create(policyOf(card()), {
      now: () => 0n,
      problem: (topic, reason) => problems.push(`${topic}: ${reason}`),
      maxAge: Number.POSITIVE_INFINITY,
      maxFuture: Number.POSITIVE_INFINITY,
    });
    return { observer, problems };
  }

  const image = (at: bigint) => rawImage("rgb8", 4, 3, new Uint8Array(36), { header: header(at) });

  it("names the joints and what tells the publishers apart, and flags what it makes of their states", async () => {
    const { observer, problems } = await robot();
    const flags: (readonly string[])[] = [];
    for (let k = 0n; k < 30n; k++) {
      const at = 50n * k * MS;
      observer.jointState({ ...jointState(at, joints, [0.1, 0.2], [0.1, 0.1]), header: header(at, "left") });
      for (const match of observer.image("image", image(at))) flags.push((await match.observe())!.flags);
      const later = at + 20n * MS;
      observer.jointState({
        ...jointState(later, ["x", ...joints], [9, 1.1, -0.8], [0, 0, 0]),
        header: header(later, "right"),
      });
    }
    expect(problems[0]).toBe(
      "joint_states: joints shoulder, elbow: positions jump to and fro, 1.00 within 20 ms (0.10 and 1.10), as if several " +
        'publishers send different states of one arm (frame_id "left", 2 joints; frame_id "right", 3 joints); ' +
        "expected one publisher a joint",
    );
    expect(flags[0]).not.toContain("mixed_joint_states");
    expect(flags.at(-1)).toContain("mixed_joint_states");
    const { mixed, topics } = observer.counters();
    expect(mixed).toBe(flags.filter((one) => one.includes("mixed_joint_states")).length);
    expect(mixed).toBeGreaterThan(20);
    expect(topics.joint_states!.mixed).toBeGreaterThan(40);
    // What an observer is reset from does not count on.
    observer.reset();
    observer.jointState(jointState(10_000n * MS, joints, [0.1, 0.2], [0, 0]));
    const [match] = observer.image("image", image(10_000n * MS));
    expect((await match!.observe())!.flags).toEqual(["importance_unknown"]);
    observer.delete();
  });

  it("takes publishers of different joints for what they are", async () => {
    const { observer, problems } = await robot();
    for (let k = 0n; k < 100n; k++) {
      observer.jointState(jointState(10n * k * MS, ["elbow", "finger"], [2, 0]));
      observer.jointState(jointState((10n * k + 5n) * MS, ["shoulder", "wheel"], [-1, 3]));
    }
    expect(problems).toEqual([]);
    expect(observer.counters().topics.joint_states).toEqual({ received: 200, dropped: {} });
    observer.delete();
  });

  /** A picture of bands, where the camera looks. */
  const picture = (seed: number, k: number) => {
    const at = (x: number, y: number) => 120 + 100 * Math.sin(seed + 0.9 * x + 0.4 * seed * y + 0.02 * k);
    return Uint8Array.from({ length: 64 * 48 * 3 }, (_, i) => at(Math.floor(i / 3) % 64, Math.floor(i / 192)));
  };
  const view = (at: bigint, data: Uint8Array, frame = "camera") =>
    rawImage("rgb8", 64, 48, data, { header: header(at, frame) });
  const cropped = () =>
    policyOf(
      card({
        inputs: {
          image: {
            modality: "image",
            encoding: "rgb8",
            layout: "NHWC",
            range: [0, 255],
            crop: "centre",
            resize: "area",
          },
          state: [{ modality: "joint_position", start: 0, size: 2 }],
        } as never,
      }),
    );

  async function cameras(send: (observer: Observer, k: number) => void, count = 60) {
    const problems: string[] = [];
    const observer = await Observer.create(cropped(), {
      now: () => 0n,
      problem: (topic, reason) => void (reason.includes("alternate") && problems.push(`${topic}: ${reason}`)),
      maxAge: Number.POSITIVE_INFINITY,
      maxFuture: Number.POSITIVE_INFINITY,
    });
    for (let k = 0; k < count; k++) send(observer, k);
    const counted = observer.counters().topics.image?.mixed ?? 0;
    observer.delete();
    return { problems, counted };
  }

  const ms = (at: number) => BigInt(Math.round(at * 1e6));

  it.each<[string, (observer: Observer, k: number) => void, string]>([
    [
      "frames",
      (observer, k) => {
        observer.image("image", view(ms(33 * k), picture(1, k), "left"));
        observer.image("image", view(ms(33 * k + 10), picture(1, k), "right"));
      },
      'frame_id "left" 64×48 rgb8; frame_id "right" 64×48 rgb8',
    ],
    [
      "pictures",
      (observer, k) => {
        observer.image("image", view(ms(33 * k), picture(1, k)));
        observer.image("image", view(ms(33 * k + 10), picture(2, k)));
      },
      "two different pictures",
    ],
    [
      "pictures, one of them late",
      (observer, k) => {
        observer.image("image", view(ms(33 * k), picture(1, k)));
        observer.image("image", view(ms(33 * k - 40), picture(2, k)));
      },
      "two different pictures",
    ],
    [
      "channels of a recording",
      (observer, k) => {
        observer.image("image", view(ms(33 * k), picture(1, k)), undefined, "channel 1");
        observer.image("image", view(ms(33 * k + 10), picture(1, k)), undefined, "channel 4");
      },
      'channel 1, frame_id "camera" 64×48 rgb8; channel 4, frame_id "camera" 64×48 rgb8',
    ],
  ])("finds two cameras by their %s", async (_, send, kinds) => {
    const { problems, counted } = await cameras(send);
    expect(counted).toBeGreaterThan(80);
    expect(problems[0]).toBe(
      `image: images alternate between ${kinds}: as if several cameras publish them; expected one camera a topic`,
    );
  });

  it.each<[string, (observer: Observer, k: number) => void]>([
    ["moves", (observer, k) => void observer.image("image", view(ms(33 * k), picture(1, 10 * k)))],
    ["loses images", (observer, k) => void (k % 3 && observer.image("image", view(ms(33 * k), picture(1, k))))],
    [
      "shows noise",
      (observer, k) =>
        void observer.image(
          "image",
          view(
            ms(33 * k),
            Uint8Array.from({ length: 9216 }, (_, i) => 255 * random(i + 9216 * k)),
          ),
        ),
    ],
    [
      "flickers",
      (observer, k) =>
        void observer.image(
          "image",
          view(
            ms(33 * k),
            picture(1, k).map((x) => (k % 2 ? x : x / 3)),
          ),
        ),
    ],
    [
      "is covered every second image",
      (observer, k) => void observer.image("image", view(ms(33 * k), k % 2 ? picture(1, k) : new Uint8Array(9216))),
    ],
    [
      "is changed once",
      (observer, k) =>
        void observer.image("image", view(ms(33 * k), picture(1 + Number(k > 30), k), k > 30 ? "right" : "left")),
    ],
    [
      "is relayed",
      (observer, k) => {
        observer.image("image", view(ms(33 * k), picture(1, k)));
        observer.image("image", view(ms(33 * k), picture(1, k), "relay"));
      },
    ],
  ])("takes a camera that %s for one", async (_, send) => {
    expect(await cameras(send)).toEqual({ problems: [], counted: 0 });
  });
});
