import { describe, expect, it } from "vitest";
import { tickOf } from "#src/detectors/moment.js";
import { commonMultiple } from "#src/detectors/velocity-multiple.js";

const STEP = 0.05;
/** The angle of joint j and its rate, rad and rad/s: those of a slow arm, below 0.5 rad/s. */
const angle = (j: number, time: number) => 0.25 * Math.sin(1.6 * time + j);
const rate = (j: number, time: number) => 0.4 * Math.cos(1.6 * time + j);

/** Three joints over some ticks; positions and velocities of joint j at tick i as given. */
function momentOf(
  count: number,
  change: (j: number, i: number, position: number, velocity: number) => readonly [number, number],
) {
  const ticks = Array.from({ length: count }, (_, i) => {
    const both = [0, 1, 2].map((j) => change(j, i, angle(j, i * STEP), rate(j, i * STEP)));
    return tickOf({
      stamp: BigInt(i) * 50_000_000n,
      first: i === 0,
      images: {},
      joints: ["a", "b", "c"],
      position: both.map(([position]) => position),
      velocity: both.map(([, velocity]) => velocity),
      torque: [],
    });
  });
  const joint = { low: -1, high: 1, slip: 0.0005 };
  const reference = { runs: 8, cameras: {}, joints: { a: joint, b: joint, c: joint }, names: ["a", "b", "c"] };
  return { ticks, index: count - 1, period: STEP, reference };
}

describe("velocities of several joints that are wrong by the same factor", () => {
  it.each([
    [-1, -1],
    [3, 1 / 3],
    [0.25, 4],
  ])("are told within six ticks of a slow arm, factor %d", (factor, slope) => {
    const found = commonMultiple(momentOf(18, (_, i, q, v) => [q, i < 12 ? v : factor * v]));
    expect(found!.slope).toBeCloseTo(slope, 1);
    expect(Math.abs(17 - found!.since - 12)).toBeLessThanOrEqual(2);
  });

  it.each<[string, Parameters<typeof momentOf>[1]]>([
    ["they are right", (_, __, q, v) => [q, v]],
    ["one tick alone is off, by as much as it may", (j, i, q, v) => [q + (i >= 12 ? (j + 1) * 2 : 0), v]],
    ["one joint alone has another factor", (j, i, q, v) => [q, i < 12 || j > 0 ? v : -v]],
    ["they stay the same", (j, i, q, v) => [q, i < 12 ? v : rate(j, 12 * STEP)]],
    ["they are off by each joint's own way", (j, i, q, v) => [q, i < 12 ? v : v + [0.9, -0.9, 0.7][j]!]],
    ["they are late by a tick", (j, i, q) => [q, rate(j, (i - 1) * STEP)]],
  ])("are not told where %s", (_, change) => {
    for (let count = 4; count <= 24; count++) expect(commonMultiple(momentOf(count, change))).toBeUndefined();
  });

  it("are not told of an arm without joints", () => {
    const { ticks, ...moment } = momentOf(18, (_, __, q, v) => [q, v]);
    const none = ticks.map((tick) => ({ ...tick, joints: [], position: [], velocity: [] }));
    expect(commonMultiple({ ...moment, ticks: none })).toBeUndefined();
  });
});
