import { describe, expect, it } from "vitest";
import { ReferenceBuilder } from "#src/detectors/reference-builder.js";
import type { Seen } from "#src/detectors/seen.js";
import { Watch } from "#src/detectors/watch.js";

/** Inertias of two joints, kg·m². */
const INERTIA = [0.4, 1.5] as const;
const STEP = 0.05;

/** Two joints without friction, driven by torques that differ from run to run. @param push on the first, N·m */
function driven(run: number, push: (tick: number) => number = () => 0, start = [0.3, -0.8]): Seen[] {
  const [position, velocity] = [[...start], [0, 0]];
  return Array.from({ length: 60 }, (_, tick) => {
    const time = tick * STEP;
    const torque = [Math.sin(2 * time + run), 2 * Math.cos(1.3 * time + 2 * run)];
    const seen = {
      stamp: BigInt(tick) * 50_000_000n,
      first: tick === 0,
      images: {},
      joints: ["a", "b"],
      position: [...position],
      velocity: [...velocity],
      torque,
    };
    for (const [j, inertia] of INERTIA.entries()) {
      const before = velocity[j]!;
      velocity[j]! += (STEP * (torque[j]! + (j === 0 ? push(tick) : 0))) / inertia;
      position[j]! += (STEP * (before + velocity[j]!)) / 2;
    }
    return seen;
  });
}

const builder = new ReferenceBuilder();
for (let run = 0; run < 8; run++) for (const tick of driven(run)) builder.add(tick);
const reference = builder.build()!;

const alarms = (run: readonly Seen[]) => {
  const watch = new Watch(reference);
  for (const tick of run) watch.add(tick);
  return watch.alarms.filter(({ isSecondary }) => !isSecondary);
};
const swapped = (seen: Seen): Seen => ({
  ...seen,
  position: [seen.position[1]!, seen.position[0]!],
  velocity: [seen.velocity[1]!, seen.velocity[0]!],
});

describe("the motion of good runs", () => {
  it("tells joints that are swapped from the start, which no jump shows", () => {
    const [found, ...others] = alarms(driven(11).map(swapped));
    expect(others).toEqual([]);
    expect(found).toMatchObject({ detector: "joints_swapped", subject: "a" });
    expect(found!.from).toBeLessThanOrEqual(1);
  });

  it("tells joints that are swapped where they cross, which no jump shows", () => {
    const run = driven(12, () => 0, [-0.8, -0.8]);
    const apart = ({ position, velocity }: Seen) => [position, velocity].map((of) => Math.abs(of[0]! - of[1]!));
    // They start together and part as their torques and inertias differ.
    expect(apart(run[6]!)[0]).toBeLessThan(0.1);
    const [found, ...others] = alarms(run.map((seen, i) => (i < 6 ? seen : swapped(seen))));
    expect(others).toEqual([]);
    expect(found).toMatchObject({ detector: "joints_swapped", subject: "a" });
    expect(Math.abs(found!.from - 6)).toBeLessThanOrEqual(2);
  });

  it("tells nothing of joints that are swapped while they move as one", () => {
    const together = driven(12).map((seen) => ({
      ...seen,
      position: [seen.position[1]!, seen.position[1]!],
      velocity: [seen.velocity[1]!, seen.velocity[1]!],
    }));
    const found = (run: readonly Seen[]) => alarms(run).map(({ detector }) => detector);
    expect(found(together.map((seen, i) => (i < 6 ? seen : swapped(seen))))).toEqual(found(together));
    expect(found(together)).not.toContain("joints_swapped");
  });

  it("tells a push, from the tick on at which it begins", () => {
    const [found, ...others] = alarms(driven(11, (tick) => (tick >= 30 ? 3 : 0)));
    expect(others).toEqual([]);
    expect(found).toMatchObject({ detector: "motion", subject: "a", from: 30 });
  });

  it("waits for a detector before it that begins to find something", () => {
    const turned = driven(11).map((seen, i) =>
      i < 20 ? seen : { ...seen, velocity: Array.from(seen.velocity, (v) => -v) },
    );
    expect(alarms(turned)).toMatchObject([{ detector: "velocity_inconsistent" }]);
  });

  it("finds nothing in other good runs", () => {
    for (let run = 11; run < 14; run++) expect(alarms(driven(run))).toEqual([]);
  });
});
