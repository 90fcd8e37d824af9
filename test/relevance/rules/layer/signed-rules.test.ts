import { describe, expect, it } from "vitest";
import * as b from "#src/graph/build.js";
import { sizeOf } from "#src/graph/shape.js";
import type { LayerRule } from "#src/relevance/contract/rules.js";
import {
  alphaBetaRule,
  epsilonRule,
  gammaRule,
  type Stabilised,
  zPlusRule,
} from "#src/relevance/rules/layer/signed-rules.js";
import { float32 } from "#src/runtime/session.js";
import { evaluate, randoms } from "../../../evaluate.js";
import * as oracle from "../../dense-oracle.js";
import { LAYERS } from "../../layers.js";
import { anyValues, compare, networkOf, ROWS, SEEDS, zeros } from "../../matrices.js";

/** Sums that nearly cancel are divided by, so float32's rounding of them shows in the largest relevance. */
const TOLERANCE = 3e-4;

interface RuleCase {
  readonly rule: (how: Stabilised) => LayerRule;
  readonly expected: (given: oracle.DenseCase, how: Stabilised) => Float64Array;
}

const RULES: Readonly<Record<string, RuleCase>> = {
  epsilon: { rule: epsilonRule, expected: oracle.epsilonRule },
  "gamma 0.25": { rule: (how) => gammaRule(0.25, how), expected: (given, how) => oracle.gammaRule(given, 0.25, how) },
  "gamma 100": { rule: (how) => gammaRule(100, how), expected: (given, how) => oracle.gammaRule(given, 100, how) },
  "z+": { rule: zPlusRule, expected: (given, how) => oracle.alphaBetaRule(given, 1, how) },
  α2β1: { rule: (how) => alphaBetaRule(2, how), expected: (given, how) => oracle.alphaBetaRule(given, 2, how) },
};

const HOW: readonly Stabilised[] = [
  { epsilon: 1e-6, bias: "absorb" },
  { epsilon: 0.1, bias: "absorb" },
  { epsilon: 0.1, bias: "ignore" },
];

const every = Object.entries(RULES).flatMap(([name, rule]) =>
  HOW.map((how) => [`${name}, ε ${how.epsilon}, bias ${how.bias}`, rule, how] as const),
);

describe.each(Object.entries(LAYERS))("%s against explicit matrices", (_, layerCase) => {
  const { shape } = layerCase;
  const size = sizeOf(shape);

  it.each(every)("%s", async (_name, { rule, expected }, how) => {
    for (const seed of SEEDS) {
      const values = randoms(size, 50 + seed);
      const common = {
        signed: true,
        tolerance: TOLERANCE,
        expected: (given: oracle.DenseCase) => expected(given, how),
      };
      await compare(rule(how), layerCase, seed, { ...common, input: anyValues(zeros(shape)), values });
      const active = values.map((v) => Math.max(v, 0));
      const rectified = { ...common, input: anyValues(zeros(shape)), values, before: b.relu, seen: active };
      await compare(rule(how), layerCase, seed, rectified);
      const reference = randoms(size, 60 + seed);
      const seen = values.map((v, i) => v - reference[i]!);
      await compare(rule(how), layerCase, seed, { ...common, input: anyValues(reference), values, seen });
    }
  });

  it.each(every)("%s is finite where all inputs are zero", async (_name, { rule }, how) => {
    const { x, y, layer, context } = networkOf(layerCase, 1, anyValues(zeros(shape)), (v) => v);
    const amount = b.input("amount", "float32", [ROWS, ...y.shape]);
    const amounts = randoms(sizeOf(amount.shape), 4);
    const { out } = await evaluate(
      [x, amount],
      { out: rule(how)(layer, amount, context) },
      { x: float32(zeros(shape), shape), amount: float32(amounts, amount.shape) },
    );
    expect(out!.every((value) => value === 0)).toBe(true);
  });
});
