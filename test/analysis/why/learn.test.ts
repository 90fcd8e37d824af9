import { describe, expect, it } from "vitest";
import { watched } from "#src/analysis/why/judge.js";
import { learn } from "#src/analysis/why/learn.js";
import { onwards } from "#src/analysis/why/why-of.js";
import type { Seen } from "#src/detectors/seen.js";
import { swing } from "../../detectors/scene.js";

/** A swing whose first joint is noisy, as seen. */
const noisy = (run: number): Seen[] =>
  swing(run).map((seen, i) => ({
    ...seen,
    position: [seen.position[0]! + (i % 2 === 0 ? 0.15 : -0.15), seen.position[1]!],
  }));

async function* these(runs: readonly (readonly Seen[])[]) {
  yield* runs;
}

describe("what is usual", () => {
  it("is not learned from runs that succeeded in spite of faulty input", async () => {
    const runs = [0, 1, 2].flatMap((run) => [swing(run), ...(run < 2 ? [noisy(run)] : [])]);
    const { reference, ...counts } = await learn(these(runs));
    expect(counts).toEqual({ runs: 3, leftOut: 2 });
    expect(watched(noisy(7), reference).alarms.map(({ detector }) => detector)).toContain("joint_noisy");
  });

  it("is learned from them where most had it, and from no single run", async () => {
    const { runs, leftOut } = await learn(these([noisy(0), noisy(1), swing(2)]));
    expect({ runs, leftOut }).toEqual({ runs: 3, leftOut: 0 });
    expect((await learn(these([swing(0)]))).reference).toBeUndefined();
  });
});

describe("pictures of a good run in the same phases", () => {
  it("go on as time does where the failed run stays in one phase, to the end of the run", () => {
    const phases = [0, 1, 2, 2, 2, 2, 2, 5];
    expect(onwards([1, 2, 4, 6, 7], phases, 20)).toEqual([1, 2, 4, 6, 7]);
    expect(onwards([0, 3, 5, 6], phases, 5)).toEqual([0, 2, 4]);
  });
});
