import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { JointBuffer, type JointReading } from "#src/sensing/joint-buffer.js";
import type { Reading, SyncPolicy } from "#src/sensing/timeline.js";
import { jointState } from "./messages.js";

const MS = 1_000_000n;
const SLOP = 50n * MS;
const options = {
  missingVelocity: "refuse",
  needsVelocity: true,
  controlPeriod: 50n * MS,
  horizon: 5_000n * MS,
} as const;
const found = (reading: Reading<JointReading>): JointReading => {
  if (reading.kind !== "found") throw new Error(`${reading.kind}: ${reading.reason}`);
  return reading.value;
};

interface Sample {
  readonly stamp: bigint;
  readonly position: number;
  readonly velocity: number;
}

/** What is known at a stamp, by going through all samples: later ones of one stamp replace earlier ones. */
function slowly(all: readonly Sample[], stamp: bigint, policy: SyncPolicy, slop: bigint): Sample | "wait" | "miss" {
  const samples = [...new Map(all.map((sample) => [sample.stamp, sample])).values()];
  const exact = samples.find((sample) => sample.stamp === stamp);
  if (exact) return exact;
  const before = samples.filter((sample) => sample.stamp < stamp).sort((a, b) => Number(b.stamp - a.stamp))[0];
  const after = samples.filter((sample) => sample.stamp > stamp).sort((a, b) => Number(a.stamp - b.stamp))[0];
  const nothing = after ? "miss" : "wait";
  const past = before && stamp - before.stamp <= slop ? before : undefined;
  const future = after && after.stamp - stamp <= slop ? after : undefined;
  if (policy === "exact") return nothing;
  if (policy === "nearest") {
    if (past && future) return future.stamp - stamp < stamp - past.stamp ? future : past;
    return past ?? future ?? nothing;
  }
  if (!past || !future) return nothing;
  const weight = Number(stamp - past.stamp) / Number(future.stamp - past.stamp);
  const mix = (a: number, b: number) => a + weight * (b - a);
  return { stamp, position: mix(past.position, future.position), velocity: mix(past.velocity, future.velocity) };
}

it("keeps what is within the horizon of thousands of samples, some of them late", () => {
  const buffer = new JointBuffer(["a"], { ...options, horizon: 500n * MS });
  const all: Sample[] = [];
  for (let i = 0; i < 3000; i++) {
    // Every tenth comes five places late.
    const place = i % 10 === 5 ? i - 5 : i % 10 < 5 ? i + 1 : i;
    all.push({ stamp: BigInt(place) * MS, position: Math.sin(place), velocity: Math.cos(place) });
  }
  for (const { stamp, position, velocity } of all)
    expect(buffer.add(jointState(stamp, ["a"], [position], [velocity]), stamp)).toEqual([]);
  for (const at of [2999, 2998.5, 2800.25, 2501.75]) {
    const stamp = BigInt(at * 1e6);
    const { position, velocity } = found(buffer.at(stamp, "interpolate", SLOP));
    const wanted = slowly(all, stamp, "interpolate", SLOP) as Sample;
    expect([position[0], velocity[0]]).toEqual([wanted.position, wanted.velocity]);
  }
  expect(buffer.at(1000n * MS, "interpolate", SLOP).kind).toBe("miss");
});

const value = fc.double({ min: -10, max: 10, noNaN: true });
const sample = fc.record({ stamp: fc.integer({ min: 0, max: 400 }), position: value, velocity: value });

test.each(["interpolate", "nearest", "exact"] as const)("%s gives what a slow search gives, in any order", (policy) => {
  fc.assert(
    fc.property(fc.array(sample, { maxLength: 30 }), fc.integer({ min: -10, max: 420 }), (samples, at) => {
      const buffer = new JointBuffer(["a"], options);
      const all = samples.map((one) => ({ ...one, stamp: BigInt(one.stamp) * MS }));
      for (const { stamp, position, velocity } of all)
        expect(buffer.add(jointState(stamp, ["a"], [position], [velocity]), stamp)).toEqual([]);
      const stamp = BigInt(at) * MS;
      const reading = buffer.at(stamp, policy, SLOP);
      const wanted = slowly(all, stamp, policy, SLOP);
      if (typeof wanted === "string") expect(reading.kind).toBe(wanted);
      else {
        const { position, velocity, isDifferentiated } = found(reading);
        expect(position).toEqual(Float64Array.of(wanted.position));
        expect(velocity).toEqual(Float64Array.of(wanted.velocity));
        expect(isDifferentiated).toBe(false);
      }
    }),
    { numRuns: 500 },
  );
});

test("an exact stamp gives the very numbers that were sent, minus zero too", () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.bigInt(0n, 1n << 60n), (position, stamp) => {
      const buffer = new JointBuffer(["a"], options);
      for (const [at, number] of [
        [stamp, position],
        [stamp - 1n, 3],
        [stamp + 1n, 1e300],
      ] as const)
        buffer.add(jointState(at, ["a"], [number], [number]), at);
      for (const policy of ["interpolate", "nearest", "exact"] as const) {
        const reading = found(buffer.at(stamp, policy, SLOP));
        expect(Object.is(reading.position[0], position)).toBe(true);
        expect(Object.is(reading.velocity[0], position)).toBe(true);
      }
    }),
  );
});

describe("joints by name", () => {
  it("in any order, with others between, from several publishers", () => {
    const buffer = new JointBuffer(["shoulder", "elbow", "gripper"], options);
    expect(buffer.add(jointState(10n * MS, ["elbow", "wheel", "shoulder"], [2, 9, 1], [20, 90, 10]), 10n * MS)).toEqual(
      [],
    );
    expect(buffer.at(10n * MS, "nearest", SLOP)).toEqual({
      kind: "wait",
      reason: "joint gripper: in no joint state; other names there: wheel",
    });
    buffer.add(jointState(4n * MS, ["gripper"], [3], [30]), 4n * MS);
    buffer.add(jointState(14n * MS, ["gripper"], [4], [40]), 14n * MS);
    const { position, velocity } = found(buffer.at(10n * MS, "interpolate", SLOP));
    expect(position).toEqual(Float64Array.of(1, 2, 3 + 0.6));
    expect(velocity).toEqual(Float64Array.of(10, 20, 36));
  });

  it("of another robot alone are passed over, however malformed", () => {
    const buffer = new JointBuffer(["a"], options);
    expect(buffer.add(jointState(1n, ["x", "y"], [1]), 1n)).toEqual([]);
    expect(buffer.at(1n, "nearest", SLOP)).toEqual({
      kind: "wait",
      reason: "joint a: in no joint state; other names there: x, y",
    });
  });

  it("of a robot with many joints are named in part", () => {
    const buffer = new JointBuffer(["a"], options);
    const names = Array.from({ length: 30 }, (_, j) => `j${j}`);
    buffer.add(jointState(1n, names, Array(30).fill(0)), 1n);
    const reason = "joint a: in no joint state; other names there: j0, j1, j2, j3, j4, j5, j6, …";
    expect(buffer.at(1n, "nearest", SLOP)).toEqual({ kind: "wait", reason });
    buffer.clear();
    expect(buffer.at(1n, "nearest", SLOP)).toEqual({ kind: "wait", reason: "joint a: no message" });
  });

  it("with effort of NaN, or none, are taken", () => {
    const buffer = new JointBuffer(["a"], options);
    expect(buffer.add(jointState(1n, ["a"], [1], [2], [Number.NaN]), 1n)).toEqual([]);
    expect(found(buffer.at(1n, "exact", SLOP)).velocity).toEqual(Float64Array.of(2));
  });

  it.each([
    [["a", "b"], [1], [1, 2], "malformed", "found 1 positions, expected 2, one a joint"],
    [["a", "b"], [], [], "malformed", "found 0 positions, expected 2, one a joint"],
    [["a", "b"], [1, 2], [1], "malformed", "found 1 velocities, expected 2, one a joint, or none"],
    [["a", "b", "a"], [1, 2, 3], [], "malformed", "joint a is named twice, expected once"],
    [["a", "b"], [Number.NaN, 2], [0, 0], "not_a_number", "position of joint a is NaN, expected a number"],
    [["a", "b"], [1, -1 / 0], [0, 0], "not_a_number", "position of joint b is -Infinity, expected a number"],
  ])("refused: %j %j %j", (name, position, velocity, why, reason) => {
    expect(new JointBuffer(["a", "b"], options).add(jointState(0n, name, position, velocity), 0n)).toEqual([
      { why, reason },
    ]);
  });

  it("that are no numbers leave the others of the message", () => {
    const buffer = new JointBuffer(["a", "b"], options);
    buffer.add(jointState(1n, ["a", "b"], [Number.NaN, 2], [0, 0]), 1n);
    expect(buffer.at(1n, "exact", SLOP)).toEqual({ kind: "wait", reason: "joint a: no message" });
    buffer.add(jointState(1n, ["a"], [5], [0]), 1n);
    expect(found(buffer.at(1n, "exact", SLOP)).position).toEqual(Float64Array.of(5, 2));
  });

  it("long before the newest are refused, and the memory is bounded", () => {
    const buffer = new JointBuffer(["a"], { ...options, horizon: 100n * MS });
    for (let i = 0n; i < 5000n; i++) buffer.add(jointState(i * MS, ["a"], [Number(i)], [0]), i * MS);
    expect(buffer.add(jointState(0n, ["a"], [0], [0]), 0n)[0]).toMatchObject({ why: "too_old" });
    expect(found(buffer.at(4950n * MS, "interpolate", SLOP)).position[0]).toBe(4950);
    expect(buffer.at(4000n * MS, "interpolate", SLOP).kind).toBe("miss");
  });
});

describe("velocities that were not sent", () => {
  const moving = { ...options, missingVelocity: "differentiate" } as const;
  const ramp = (buffer: JointBuffer, velocity: readonly number[] = []) => {
    for (const ms of [0n, 10n, 20n, 30n])
      buffer.add(jointState(ms * MS, ["a"], [0.003 * Number(ms)], velocity), ms * MS);
  };

  it.each([[[]], [[Number.NaN]]])("are refused with the key to add: %j", (velocity) => {
    const buffer = new JointBuffer(["a"], options);
    ramp(buffer, velocity);
    expect(buffer.at(20n * MS, "exact", SLOP)).toEqual({
      kind: "miss",
      reason: 'joint a: no velocity, expected one, or "missing_velocity: differentiate" in the card',
    });
  });

  it("or differentiated, and said to be", () => {
    const buffer = new JointBuffer(["a"], moving);
    ramp(buffer);
    for (const stamp of [10n * MS, 25n * MS]) {
      const { velocity, isDifferentiated } = found(buffer.at(stamp, "interpolate", SLOP));
      expect(velocity[0]).toBeCloseTo(3, 9);
      expect(isDifferentiated).toBe(true);
    }
    expect(buffer.at(0n, "exact", SLOP)).toEqual({
      kind: "miss",
      reason: "joint a: no velocity, and no position in the 100 ms before (a larger sync_slop allows more)",
    });
  });

  it.each([
    ["the default slop", SLOP],
    ["a slop of a fifth of a period", 10n * MS],
  ])("are differentiated where joint states come at the control rate with jitter and %s", (_, slop) => {
    const buffer = new JointBuffer(["a"], moving);
    const jitter = [0, 3, -3, 8, -8, 20, -20, 0.001, -0.001];
    const stamps = Array.from({ length: 200 }, (_, i) => BigInt(Math.round((50 * i + jitter[i % 9]!) * 1e6)));
    for (const stamp of stamps) buffer.add(jointState(stamp, ["a"], [2 * (Number(stamp) / 1e9)]), stamp);
    for (const stamp of stamps.slice(1)) {
      expect(found(buffer.at(stamp, "interpolate", slop)).velocity[0]).toBeCloseTo(2, 6);
    }
  });

  it("are made of earlier positions where slop is longer than the period", () => {
    const buffer = new JointBuffer(["a"], moving);
    for (const ms of [0n, 300n]) buffer.add(jointState(ms * MS, ["a"], [Number(ms)]), ms * MS);
    expect(buffer.at(300n * MS, "exact", 149n * MS)).toMatchObject({
      reason: expect.stringContaining("298 ms before"),
    });
    expect(found(buffer.at(300n * MS, "exact", 150n * MS)).velocity[0]).toBeCloseTo(1000, 9);
  });

  it("are not made of positions that are next to each other in time, or far", () => {
    const buffer = new JointBuffer(["a"], moving);
    ramp(buffer);
    buffer.add(jointState(30n * MS + 100n, ["a"], [5]), 30n * MS + 100n);
    expect(found(buffer.at(30n * MS + 100n, "exact", SLOP)).velocity[0]).toBeCloseTo((5 - 0.06) / 0.0100001, 6);
    buffer.add(jointState(900n * MS, ["a"], [5]), 900n * MS);
    expect(buffer.at(900n * MS, "exact", SLOP).kind).toBe("miss");
  });

  it("do not matter where nobody asks for them", () => {
    const buffer = new JointBuffer(["a"], { ...options, needsVelocity: false });
    ramp(buffer);
    expect(found(buffer.at(0n, "exact", SLOP))).toMatchObject({
      position: Float64Array.of(0),
      velocity: Float64Array.of(0),
      isDifferentiated: true,
      isMixed: false,
    });
  });

  it("of one joint are no matter of the others", () => {
    const buffer = new JointBuffer(["a", "b"], moving);
    for (const ms of [0n, 10n]) {
      buffer.add(jointState(ms * MS, ["a"], [Number(ms)], [7]), ms * MS);
      buffer.add(jointState(ms * MS, ["b"], [Number(ms)]), ms * MS);
    }
    expect(found(buffer.at(10n * MS, "exact", SLOP)).velocity).toEqual(Float64Array.of(7, 1000));
  });
});
