import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { apply, applyNode } from "#src/graph/apply.js";
import { inRows } from "#src/graph/batch.js";
import { concat, constant, input, matmul, mul, reshape, slice, sum, tensor, transpose } from "#src/graph/build.js";
import { Literal } from "#src/graph/literal.js";
import { traitsOf } from "#src/graph/traits.js";
import type { Attributes, Value } from "#src/graph/value.js";
import { evaluate, randoms, relativeError } from "../evaluate.js";
import { NODE_CASES } from "./cases/all.js";
import type { NodeCase, Operand } from "./cases/operands.js";

const ROWS = 3;

const plain = (attributes: NodeCase["attributes"]): Attributes =>
  Object.fromEntries(
    Object.entries(attributes).map(([key, value]) => [
      key,
      typeof value === "object" && "float" in value ? value.float : value,
    ]),
  );

const isReal = (operand: Operand | undefined): operand is Operand => operand?.dtype === "float32" && !operand.constant;

/** The largest difference between rows at once and each alone; undefined where the node is not computed for many rows. */
async function difference(op: string, { inputs, attributes, outputs }: NodeCase, varied: number, seed: number) {
  const operand = inputs[varied];
  if (!isReal(operand) || operand.shape.length === 0) return undefined;
  const x = input("x", operand.dtype, operand.shape);
  const given = inputs.map((o, i) => (i === varied ? x : o && constant(Literal.from(o.dtype, o.shape, o.values))));
  const node = applyNode(op, given, plain(attributes), { outputCount: outputs });
  const [n, ...rest] = operand.shape;
  const shape = [ROWS * n!, ...rest];
  const many = input("x", operand.dtype, shape);
  const batched = inRows(node.outputs, new Map([[x, many]]), ROWS);
  if (!batched) return undefined;
  const shifts = randoms(ROWS, seed, 0.2, 1);
  const rows = Array.from(shifts, (shift) => operand.values.map((value) => value * shift));
  const named = (values: readonly Value[]) => Object.fromEntries(values.map((value, i) => [`y${i}`, value]));
  const run = (of: Value, values: readonly Value[], numbers: readonly number[]) =>
    evaluate([of], named(values), { x: { dtype: "float32", shape: of.shape, data: Float32Array.from(numbers) } }, 23);
  const together = await run(many, batched, rows.flat());
  let largest = 0;
  for (const [r, row] of rows.entries())
    for (const [name, alone] of Object.entries(await run(x, node.outputs, row))) {
      expect(together[name]!.length).toBe(ROWS * alone.length);
      for (const [i, value] of alone.entries()) {
        const other = together[name]![r * alone.length + i]!;
        if (Number.isFinite(value)) largest = Math.max(largest, Math.abs(other - value) / Math.max(1, Math.abs(value)));
        else expect(other).toBe(value);
      }
    }
  return largest;
}

/** Operators of policies that must not fall back to one row after another. */
const COMMON = (
  "Conv ConvTranspose MaxPool AveragePool GlobalAveragePool BatchNormalization InstanceNormalization GroupNormalization " +
  "LayerNormalization RMSNormalization Gemm MatMul Reshape Flatten Squeeze Unsqueeze Transpose Slice Split Concat Gather " +
  "Pad Resize Expand Tile Softmax LogSoftmax ReduceSum ReduceMean ReduceMax TopK ArgMax DepthToSpace SpaceToDepth " +
  "Add Sub Mul Div Max Min Where Clip Relu LeakyRelu PRelu Elu Gelu Mish HardSwish Sigmoid Tanh Softplus Erf Exp Sqrt Pow"
).split(" ");

describe("many rows at once are each row alone", () => {
  it.each(Object.keys(NODE_CASES))("%s", async (op) => {
    let batched = 0;
    await fc.assert(
      fc.asyncProperty(NODE_CASES[op]!, fc.nat(1), fc.nat(1e6), async (nodeCase, varied, seed) => {
        const found = await difference(op, nodeCase, varied, seed);
        if (found === undefined) return;
        batched++;
        expect(found).toBeLessThan(1e-4);
      }),
      { numRuns: 50, seed: 2 },
    );
    if (COMMON.includes(op)) expect(batched).toBeGreaterThan(0);
  });

  it("knows the operators that are common", () => {
    for (const op of COMMON) expect(traitsOf(op).form).not.toBe("source");
  });

  it("keeps what depends on no row, and refuses what it does not know", () => {
    const x = input("x", "float32", [1, 4]);
    const many = new Map([[x, input("x", "float32", [ROWS, 4])]]);
    const other = input("q", "float32", [1, 2]);
    expect(inRows([other], many, ROWS)).toEqual([other]);
    expect(inRows([apply("Trilu", [x])], many, ROWS)).toBeUndefined();
    expect(inRows([sum(x)], many, ROWS)).toBeUndefined();
  });

  it.each([
    ["of a matrix product with itself", (x: Value) => matmul(transpose(x, [1, 0]), x)],
    ["of a product of axes that do not align", (x: Value) => mul(slice(x, 0, 0, 1), reshape(slice(x, 0, 1, 2), [4]))],
    ["of a softmax along axis 0", (x: Value) => apply("Softmax", [x], { axis: 0 })],
    ["of channels taken for rows", (x: Value) => reshape(matmul(reshape(x, [4, 2]), weights), [12])],
    [
      "of an axis 0 that is permuted, joined and cut",
      (x: Value) => slice(concat([transpose(x, [1, 0]), transpose(other, [1, 0])], 0), 0, 6, 0, -2),
    ],
  ])("keeps rows apart %s", async (_, of) => {
    const x = input("x", "float32", [2, 4]);
    const many = input("x", "float32", [2 * ROWS, 4]);
    const numbers = randoms(8 * ROWS, 5);
    const data = (shape: readonly number[], values: Float32Array) => ({
      x: { dtype: "float32" as const, shape, data: values },
    });
    const [batched] = inRows([of(x)], new Map([[x, many]]), ROWS)!;
    const { y } = await evaluate([many], { y: batched! }, data([2 * ROWS, 4], numbers));
    const alone: number[] = [];
    for (let r = 0; r < ROWS; r++)
      alone.push(...(await evaluate([x], { y: of(x) }, data([2, 4], numbers.slice(8 * r, 8 * r + 8)))).y!);
    expect(relativeError(y!, alone)).toBeLessThan(1e-6);
  });
});

const weights = tensor("float32", [2, 3], randoms(6, 3));
const other = tensor("float32", [2, 4], randoms(8, 4));
