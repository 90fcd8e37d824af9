import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { applyNode } from "#src/graph/apply.js";
import { constant, input } from "#src/graph/build.js";
import { fold } from "#src/graph/fold.js";
import { Literal } from "#src/graph/literal.js";
import { OPERATORS } from "#src/graph/operators/index.js";
import type { Attributes, Value } from "#src/graph/value.js";
import { NODE_CASES } from "./cases/all.js";
import type { CaseAttributes, NodeCase } from "./cases/operands.js";
import { oracle } from "./run-case.js";

const RUNS = { numRuns: 20, seed: 1 };

const plain = (attributes: CaseAttributes): Attributes =>
  Object.fromEntries(
    Object.entries(attributes).map(([key, value]) => [
      key,
      typeof value === "object" && "float" in value ? value.float : value,
    ]),
  );

/** The node as the graph has it; `allConstant` makes every operand a constant. */
function nodeOf(op: string, { inputs, attributes, outputs }: NodeCase, allConstant: boolean) {
  const values = inputs.map((operand, i): Value | undefined => {
    if (!operand) return undefined;
    const { dtype, shape, values } = operand;
    return operand.constant || allConstant
      ? constant(Literal.from(dtype, shape, values))
      : input(`x${i}`, dtype, shape);
  });
  return applyNode(op, values, plain(attributes), { outputCount: outputs });
}

it("covers every operator of the graph", () => {
  expect(Object.keys(NODE_CASES).sort()).toEqual(Object.keys(OPERATORS).sort());
});

describe("types and shapes are onnxruntime's", () => {
  it.each(Object.keys(NODE_CASES))("%s", async (op) => {
    await fc.assert(
      fc.asyncProperty(NODE_CASES[op]!, async (nodeCase) => {
        const found = nodeOf(op, nodeCase, false).outputs.map(({ dtype, shape }) => ({ dtype, shape }));
        const expected = (await oracle(op, nodeCase)).map(({ type, dims }) => ({ dtype: type, shape: dims }));
        expect(found).toEqual(expected);
      }),
      RUNS,
    );
  });
});

/** Operators that sum: float32 rounding depends on the order. All others round once, as onnxruntime does. */
const SUMS = new Set(["ReduceSum", "ReduceProd", "CumSum", "BatchNormalization"]);
/** Operators that constants are not folded through. */
const UNFOLDED = new Set(
  (
    "Exp Log Sin Cos Tan Asin Acos Atan Sinh Cosh Asinh Acosh Atanh Erf Tanh Sigmoid Softplus Softsign Mish HardSwish " +
    "HardSigmoid LeakyRelu PRelu Elu Celu Selu Gelu ThresholdedRelu Softmax LogSoftmax Clip Pow IsInf " +
    "DepthToSpace SpaceToDepth GatherElements ScatterElements TopK ArgMax ArgMin Resize MatMulInteger DynamicQuantizeLinear " +
    "ReduceMean ReduceL1 ReduceL2 ReduceSumSquare ReduceLogSum ReduceLogSumExp " +
    "Conv ConvTranspose MatMul Gemm MaxPool AveragePool GlobalAveragePool " +
    "LayerNormalization RMSNormalization GroupNormalization InstanceNormalization BitwiseAnd BitwiseXor"
  ).split(" "),
);

describe("constants are folded to what onnxruntime computes", () => {
  it.each(Object.keys(NODE_CASES))("%s", async (op) => {
    await fc.assert(
      fc.asyncProperty(NODE_CASES[op]!, async (nodeCase) => {
        const folded = fold(nodeOf(op, nodeCase, true));
        expect(folded === undefined, "left to the runtime").toBe(UNFOLDED.has(op));
        if (!folded) return;
        const expected = await oracle(op, nodeCase);
        folded.forEach((literal, i) => {
          const { data, dims } = expected[i]!;
          expect(literal.shape).toEqual(dims);
          const numbers = Array.from(data as ArrayLike<number | bigint>, Number);
          if (!SUMS.has(op)) expect(Array.from(literal.numbers())).toEqual(numbers);
          else
            literal.numbers().forEach((x, k) => {
              expect(x).toBeCloseTo(numbers[k]!, 5);
            });
        });
      }),
      RUNS,
    );
  });
});
