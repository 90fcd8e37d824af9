import { describe, expect, it } from "vitest";
import { estimate } from "#src/analysis/bootstrap.js";
import type { Played } from "#src/evaluation/world-play.js";
import { robustnessOf, verdictsOf } from "#src/reproduction/xing/claims.js";
import type { RowFound, WorldMeasured } from "#src/reproduction/xing/findings.js";
import { MAP_ROWS, PAPER_WORLDS, type PolicyKind } from "#src/reproduction/xing/paper.js";

/** Values around a mean, the same spread for all rows. */
const around = (mean: number) => [0.02, -0.01, 0.01, -0.02, 0.015, -0.015].map((offset) => mean * (1 + offset));

interface Made {
  readonly important: number;
  readonly unimportant: number;
  readonly auc: number;
  readonly ms: number;
}

function row(id: string, { important, unimportant, auc, ms }: Made): RowFound {
  const ofEpisodes = {
    important: Float64Array.from(around(important)),
    unimportant: Float64Array.from(around(unimportant)),
    auc: Float64Array.from(around(auc)),
  };
  const of = (values: Float64Array) => estimate([...values]);
  return {
    row: MAP_ROWS.find((one) => one.id === id)!,
    method: id,
    found: {
      maps: 6,
      ofEpisodes,
      estimates: {
        important: of(ofEpisodes.important),
        unimportant: of(ofEpisodes.unimportant),
        auc: of(ofEpisodes.auc),
      },
      pooledAuc: auc,
      blank: 0,
      drawn: new Map(),
    },
    times: around(ms),
  };
}

const played = (sums: readonly number[]): Played[] => sums.map((sum) => ({ sum, success: sum > 0, steps: 1 }));

const PAPER: Readonly<Record<string, Made>> = {
  vg: { important: 56, unimportant: 278, auc: 0.84, ms: 1 },
  smooth: { important: 83, unimportant: 85, auc: 0.98, ms: 8 },
  gb: { important: 86, unimportant: 78, auc: 0.97, ms: 100 },
  sarfa: { important: 58, unimportant: 42, auc: 0.89, ms: 120 },
  digr: { important: 75, unimportant: 1, auc: 0.999, ms: 1 },
};

function world(
  rows: Readonly<Record<string, Made>>,
  sums: Partial<Record<PolicyKind, readonly number[]>> = {},
): WorldMeasured {
  return {
    world: "red-fetch-green",
    policies: [],
    distillation: undefined,
    missing: [],
    paper: PAPER_WORLDS["red-fetch-green"]!,
    width: 64,
    height: 64,
    states: 6,
    rows: Object.entries(rows).map(([id, made]) => row(id, made)),
    refused: [],
    drawn: [],
    played: new Map(Object.entries(sums).map(([kind, all]) => [kind as PolicyKind, played(all)])),
    attacked: [],
  };
}

const holding = (findings: WorldMeasured) =>
  Object.fromEntries(verdictsOf(findings).map(({ claim, holds }) => [claim.id, holds]));

describe("the paper's orderings", () => {
  it("hold for the paper's own numbers", () => {
    const sums = { original: [0.9, 0.95, 0.97, 0.96], digr: [0.9, 0.94, 0.97, 0.95] };
    expect(holding(world(PAPER, sums))).toEqual({
      digr_auc: true,
      digr_unimportant: true,
      digr_important: true,
      perturbation_auc: true,
      perturbation_slower_than_vanilla: true,
      perturbation_slower: true,
      performance_kept: true,
    });
  });

  it.each([
    ["digr_auc", { digr: { ...PAPER.digr!, auc: 0.97 } }],
    ["digr_unimportant", { digr: { ...PAPER.digr!, unimportant: 50 } }],
    ["digr_important", { digr: { ...PAPER.digr!, important: 60 } }],
    ["perturbation_auc", { gb: { ...PAPER.gb!, auc: 0.8 } }],
    ["perturbation_slower", { smooth: { ...PAPER.smooth!, ms: 110 } }],
  ] as const)("%s fails where its number is on the other side, and it alone", (id, other) => {
    const found = holding(world({ ...PAPER, ...other }));
    expect(Object.keys(found).filter((one) => !found[one])).toEqual([id]);
  });

  it("name the method that DIGR is compared with: the best of the others", () => {
    const [highest, least] = verdictsOf(world(PAPER));
    expect(highest!.claim.measure).toBe("AUC of DIGR less that of Smooth Gradient, the next");
    expect(least!.claim.measure).toBe("unimportant saliency of DIGR less that of SARFA, the least of the others");
  });

  it("of a missing student are left out", () => {
    const { digr: _, ...others } = PAPER;
    expect(Object.keys(holding(world(others, { original: [1, 1] })))).toEqual([
      "perturbation_auc",
      "perturbation_slower_than_vanilla",
      "perturbation_slower",
    ]);
  });

  it("performance is not kept where a tenth of the return is lost", () => {
    const sums = { original: [1, 1, 0.98, 0.99], digr: [0.9, 0.91, 0.88, 0.9] };
    expect(holding(world(PAPER, sums)).performance_kept).toBe(false);
  });

  it("robustness compares the same episodes, over all strengths", () => {
    const cell = (policy: PolicyKind, level: number, sums: readonly number[]) => ({
      policy,
      attack: "pgd" as const,
      level,
      played: played(sums),
    });
    const attacked = [
      cell("original", 1, [0.9, 0, 0, 0.8]),
      cell("original", 4, [0, 0, 0, 0]),
      cell("digr", 1, [0.9, 0.9, 0.8, 0.9]),
      cell("digr", 4, [0.9, 0.5, 0, 0.7]),
    ];
    const [only, ...none] = robustnessOf({ ...world(PAPER), attacked });
    expect(none).toEqual([]);
    expect(only).toMatchObject({ attack: "pgd", stronger: "digr", weaker: "original", holds: true });
    expect(only!.estimate.mean).toBeCloseTo((0.45 + 0.7 + 0.4 + 0.4) / 4, 12);
  });
});
