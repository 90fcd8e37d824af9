import { describe, expect, it } from "vitest";
import { applyNode } from "#src/graph/apply.js";
import { constant, input } from "#src/graph/build.js";
import type { DType } from "#src/graph/dtype.js";
import { Literal } from "#src/graph/literal.js";
import { ShapeError } from "#src/graph/shape.js";
import type { Value } from "#src/graph/value.js";
import { SINCE } from "./cases/all.js";
import { type AttributeValue, feed, initializer, modelBytes, runModel, valueInfo } from "./onnx-model.js";

/** An operand: a shape (float32), a typed shape, or a constant vector of int64. */
type Given =
  | readonly number[]
  | { readonly dtype: DType; readonly shape: readonly number[] }
  | { readonly ints: readonly number[] };

interface Refusal {
  readonly op: string;
  readonly inputs: readonly Given[];
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
  /** What the message must say. */
  readonly says: readonly string[];
  readonly outputs?: number;
  /** Why onnxruntime takes it all the same. */
  readonly onlyHere?: string;
}

const ints = (...values: number[]): Given => ({ ints: values });
const typed = (dtype: DType, shape: readonly number[]): Given => ({ dtype, shape });

const REFUSALS: readonly Refusal[] = [
  { op: "Add", inputs: [[2, 3], [4]], says: ["[2,3]", "[4]"] },
  {
    op: "Mul",
    inputs: [
      [2, 3],
      [3, 2],
    ],
    says: ["[2,3]", "[3,2]"],
  },
  { op: "Sub", inputs: [[2], typed("int64", [2])], says: ["float32", "int64"] },
  { op: "Max", inputs: [[2, 2], [2], [3]], says: ["[2,2]", "[3]"] },
  { op: "Equal", inputs: [[5], [4]], says: ["[5]", "[4]"] },
  { op: "Where", inputs: [typed("bool", [2]), [3], [3]], says: ["[2]", "[3]"] },
  { op: "Pow", inputs: [[2], [3]], says: ["[2]", "[3]"] },
  { op: "PRelu", inputs: [[2, 3], [2]], says: ["[2,3]", "[2]"] },
  { op: "Gelu", inputs: [[2]], attributes: { approximate: "guess" }, says: ["approximation guess"] },
  { op: "LayerNormalization", inputs: [[2, 3], [2]], says: ["[2,3]", "[2]"] },
  { op: "LayerNormalization", inputs: [[2, 3], [3]], attributes: { axis: 2 }, says: ["axis 2", "[2,3]"] },
  { op: "InstanceNormalization", inputs: [[1, 3, 4], [2], [3]], says: ["[1,3,4]", "[2]"] },
  {
    op: "GroupNormalization",
    inputs: [[1, 4, 4], [4], [4]],
    attributes: { num_groups: 3 },
    says: ["3 groups", "[1,4,4]"],
  },
  { op: "Tile", inputs: [[2, 3], ints(2)], says: ["[2]", "[2,3]"] },
  { op: "DepthToSpace", inputs: [[1, 3, 2, 2]], attributes: { blocksize: 2 }, says: ["blocks of 2", "[1,3,2,2]"] },
  { op: "SpaceToDepth", inputs: [[1, 3, 3, 2]], attributes: { blocksize: 2 }, says: ["blocks of 2", "[1,3,3,2]"] },
  { op: "Trilu", inputs: [[3]], says: ["[3]"] },
  { op: "GatherND", inputs: [[2, 3], typed("int64", [4, 3])], says: ["[4,3]", "[2,3]"] },
  { op: "ScatterND", inputs: [[4, 3], typed("int64", [2, 1]), [2, 2]], says: ["[2,2]", "[2,3]"] },
  { op: "TopK", inputs: [[2, 3], ints(4)], outputs: 2, says: ["4 elements", "[2,3]"] },
  { op: "ArgMax", inputs: [[2, 3]], attributes: { axis: 2 }, says: ["axis 2", "[2,3]"] },
  { op: "CumSum", inputs: [[2, 3], ints(2)], says: ["axis 2", "[2,3]"] },
  { op: "Softmax", inputs: [[2, 3]], attributes: { axis: 2 }, says: ["axis 2", "[2,3]"] },
  { op: "Cast", inputs: [[2]], attributes: { to: 99 }, says: ["element type 99"] },
  {
    op: "MatMul",
    inputs: [
      [2, 3],
      [2, 3],
    ],
    says: ["[2,3]", "[2,3]"],
  },
  {
    op: "MatMul",
    inputs: [
      [2, 2, 3],
      [3, 3, 4],
    ],
    says: ["[2]", "[3]"],
  },
  { op: "MatMul", inputs: [[2, 3], typed("float64", [3, 2])], says: ["float32", "float64"] },
  { op: "MatMul", inputs: [[], [3]], says: ["[]", "[3]"] },
  {
    op: "Gemm",
    inputs: [
      [2, 3],
      [4, 5],
    ],
    says: ["[2,3]", "[4,5]"],
  },
  {
    op: "Gemm",
    inputs: [
      [2, 3],
      [3, 4],
    ],
    attributes: { transB: 1 },
    says: ["[2,3]", "[3,4]", "transB 1"],
  },
  { op: "Gemm", inputs: [[2, 3], [3, 4], [3]], says: ["[2,4]", "[3]"] },
  {
    op: "Gemm",
    inputs: [
      [1, 3],
      [3, 4],
      [2, 4],
    ],
    says: ["[2,4]", "[1,4]"],
  },
  {
    op: "Gemm",
    inputs: [
      [2, 2, 3],
      [3, 4],
    ],
    says: ["[2,2,3]", "[3,4]"],
  },
  {
    op: "Conv",
    inputs: [
      [1, 3, 8, 8],
      [4, 2, 3, 3],
    ],
    says: ["[1,3,8,8]", "[4,2,3,3]"],
  },
  {
    op: "Conv",
    inputs: [
      [1, 4, 8, 8],
      [3, 2, 3, 3],
    ],
    attributes: { group: 2 },
    says: ["[1,4,8,8]", "[3,2,3,3]", "group 2"],
  },
  { op: "Conv", inputs: [[1, 2, 8, 8], [3, 2, 3, 3], [4]], says: ["[4]", "[3,2,3,3]"] },
  {
    op: "Conv",
    inputs: [
      [1, 2, 2, 8],
      [3, 2, 3, 3],
    ],
    says: ["[3,3]", "[2,8]"],
  },
  {
    op: "Conv",
    inputs: [
      [1, 2, 8, 8],
      [3, 2, 3, 3],
    ],
    attributes: { strides: [1] },
    says: ["[1]", "[3,3]"],
  },
  {
    op: "Conv",
    inputs: [
      [1, 2, 8, 8],
      [3, 2, 3, 3],
    ],
    attributes: { strides: [0, 1] },
    says: ["[0,1]"],
  },
  {
    op: "Conv",
    inputs: [
      [1, 2, 8, 8],
      [3, 2, 3, 3],
    ],
    attributes: { kernel_shape: [5, 5] },
    says: ["[5,5]", "[3,3]"],
  },
  {
    op: "Conv",
    inputs: [
      [1, 2, 8, 8],
      [3, 2, 3, 3],
    ],
    attributes: { auto_pad: "SAME" },
    says: ["auto_pad SAME"],
  },
  {
    op: "Conv",
    inputs: [
      [1, 2, 8, 8],
      [3, 2, 3, 3],
    ],
    attributes: { strides: 2 },
    says: ["strides is 2", "ints"],
  },
  {
    op: "Conv",
    inputs: [
      [1, 2, 8, 8],
      [3, 2, 3, 3],
    ],
    attributes: { stride: [2, 2] },
    says: ["attribute stride"],
  },
  {
    op: "ConvTranspose",
    inputs: [
      [1, 3, 4, 4],
      [2, 2, 3, 3],
    ],
    says: ["[1,3,4,4]", "[2,2,3,3]"],
  },
  { op: "ConvTranspose", inputs: [[1, 3, 4, 4], [3, 2, 3, 3], [3]], says: ["[3]", "[3,2,3,3]"] },
  {
    op: "ConvTranspose",
    inputs: [
      [1, 3, 4, 4],
      [3, 2, 3, 3],
    ],
    attributes: { output_shape: [8, 8], strides: [2, 2] },
    says: ["output_shape"],
    onlyHere: "no policy needs it",
  },
  {
    op: "MaxPool",
    inputs: [[1, 2, 4, 4]],
    attributes: { kernel_shape: [5, 5] },
    says: ["[5,5]", "[4,4]"],
    onlyHere: "its output is empty",
  },
  { op: "MaxPool", inputs: [[1, 2, 4, 4]], attributes: { kernel_shape: [2] }, says: ["[1,2,4,4]", "[2]"] },
  { op: "AveragePool", inputs: [[1, 2, 4]], attributes: { kernel_shape: [2, 2] }, says: ["[1,2,4]", "[2,2]"] },
  { op: "BatchNormalization", inputs: [[1, 3, 2, 2], [3], [3], [2], [3]], says: ["[1,3,2,2]", "[2]"] },
  {
    op: "BatchNormalization",
    inputs: [[1, 2], [2], [2], [2], [2]],
    attributes: { training_mode: 1 },
    says: ["training"],
  },
  {
    op: "Concat",
    inputs: [
      [2, 3],
      [3, 3],
    ],
    attributes: { axis: 1 },
    says: ["[2,3]", "[3,3]", "axis 1"],
  },
  { op: "Concat", inputs: [[2, 3], [2]], attributes: { axis: 0 }, says: ["[2,3]", "[2]"] },
  { op: "Concat", inputs: [[2], typed("int64", [2])], attributes: { axis: 0 }, says: ["float32", "int64"] },
  { op: "Concat", inputs: [[2], [2]], attributes: { axis: 1 }, says: ["axis 1", "[2]"] },
  { op: "Reshape", inputs: [[2, 3], ints(4, 2)], says: ["[2,3]", "[4,2]"] },
  { op: "Reshape", inputs: [[2, 3], ints(-1, 4)], says: ["[2,3]", "[-1,4]"] },
  { op: "Reshape", inputs: [[2, 3], ints(-1, -1)], says: ["[2,3]", "[-1,-1]"] },
  { op: "Flatten", inputs: [[2, 3]], attributes: { axis: 3 }, says: ["axis 3", "[2,3]"] },
  { op: "Transpose", inputs: [[2, 3]], attributes: { perm: [0, 2] }, says: ["[0,2]", "[2,3]"] },
  { op: "Transpose", inputs: [[2, 3]], attributes: { perm: [0, 0] }, says: ["[0,0]", "[2,3]"] },
  { op: "Squeeze", inputs: [[2, 1], ints(0)], says: ["axis 0", "[2,1]"] },
  { op: "Unsqueeze", inputs: [[2, 3], ints(4)], says: ["[4]", "[2,3]"] },
  { op: "Unsqueeze", inputs: [[2], ints(0, 0)], says: ["[0,0]", "[2]"] },
  { op: "Slice", inputs: [[4, 4], ints(0), ints(2), ints(2)], says: ["axis 2", "[4,4]"] },
  { op: "Slice", inputs: [[4, 4], ints(0), ints(2), ints(0), ints(0)], says: ["steps [0]", "[4,4]"] },
  { op: "Slice", inputs: [[4, 4], ints(0, 0), ints(2)], says: ["[0,0]", "[2]", "[4,4]"] },
  { op: "Slice", inputs: [[4, 4], ints(0, 1), ints(2, 2), ints(0, -2)], says: ["[0,-2]", "[4,4]"] },
  { op: "Split", inputs: [[5], ints(2, 2)], attributes: { axis: 0 }, outputs: 2, says: ["[2,2]", "5"] },
  { op: "Split", inputs: [[5], ints(-1, 6)], attributes: { axis: 0 }, outputs: 2, says: ["[-1,6]", "5"] },
  { op: "Split", inputs: [[5]], attributes: { num_outputs: 4 }, outputs: 4, says: ["5", "4"] },
  { op: "Pad", inputs: [[2], ints(1, 1)], attributes: { mode: "mirror" }, says: ["mode mirror"] },
  { op: "BatchNormalization", inputs: [[1, 2], [2], typed("int32", [2]), [2], [2]], says: ["float32", "int32"] },
  { op: "Pad", inputs: [[2, 2], ints(1, 1)], says: ["[1,1]", "[2,2]"] },
  { op: "Pad", inputs: [[2, 2], ints(-3, 0, 0, 0)], says: ["[-3,0,0,0]", "[2,2]"] },
  { op: "Gather", inputs: [[2, 3], ints(2)], attributes: { axis: 0 }, says: ["index 2", "[2,3]"] },
  { op: "Gather", inputs: [[2, 3], ints(0)], attributes: { axis: 2 }, says: ["axis 2", "[2,3]"] },
  { op: "Expand", inputs: [[2, 3], ints(2, 2)], says: ["[2,3]", "[2,2]"] },
  { op: "GatherElements", inputs: [[2, 3], typed("int64", [3])], says: ["[3]", "[2,3]"] },
  {
    op: "ScatterElements",
    inputs: [[2, 3], typed("int64", [2, 2]), [2, 3]],
    attributes: { axis: 1 },
    says: ["[2,2]", "[2,3]"],
  },
  { op: "ReduceSum", inputs: [[2, 3], ints(2)], says: ["axis 2", "[2,3]"] },
  { op: "ReduceMax", inputs: [[2, 3], ints(-3)], says: ["axis -3", "[2,3]"] },
  { op: "Relu", inputs: [[2], [2]], says: ["1 to 1 inputs", "given 2"] },
];

const isInts = (given: Given): given is { ints: readonly number[] } => "ints" in given;
const typeOf = (given: Given) =>
  "shape" in given ? given : { dtype: "float32" as const, shape: given as readonly number[] };

function refusedHere({ op, inputs, attributes, outputs = 1 }: Refusal): Error {
  const values = inputs.map((given, i): Value => {
    if (isInts(given)) return constant(Literal.from("int64", [given.ints.length], given.ints));
    const { dtype, shape } = typeOf(given);
    return input(`x${i}`, dtype, shape);
  });
  try {
    applyNode(op, values, attributes as Record<string, number>, { outputCount: outputs });
  } catch (error) {
    return error as Error;
  }
  throw new Error("was not refused");
}

async function refusedByRuntime({ op, inputs, attributes, outputs = 1 }: Refusal): Promise<boolean> {
  const names = inputs.map((_, i) => `x${i}`);
  const made = Array.from({ length: outputs }, (_, i) => `y${i}`);
  const fed = inputs.flatMap((given, i) => (isInts(given) ? [] : [{ name: names[i]!, ...typeOf(given) }]));
  const bytes = modelBytes({
    opset: SINCE[op],
    nodes: [{ op, inputs: names, outputs: made, attributes }],
    inputs: fed.map(({ name, dtype, shape }) => valueInfo(name, dtype, shape)),
    outputs: made.map((name) => valueInfo(name)),
    initializers: inputs.flatMap((given, i) =>
      isInts(given) ? [initializer(names[i]!, "int64", [given.ints.length], given.ints)] : [],
    ),
  });
  const zeros = (shape: readonly number[]) => new Array<number>(shape.reduce((p, d) => p * d, 1)).fill(0);
  const feeds = fed.map(({ name, dtype, shape }) => [name, feed(dtype, shape, zeros(shape))] as const);
  return runModel(bytes, Object.fromEntries(feeds)).then(
    () => false,
    () => true,
  );
}

describe("nodes that do not fit are refused, by onnxruntime too", () => {
  it.each(
    REFUSALS.map(
      (refusal) => [`${refusal.op} ${JSON.stringify(refusal.inputs)} ${refusal.says.join(" ")}`, refusal] as const,
    ),
  )("%s", async (_, refusal) => {
    const error = refusedHere(refusal);
    expect(error).toBeInstanceOf(ShapeError);
    expect(error.message).toMatch(new RegExp(`^${refusal.op}: [^\n]*$`));
    for (const part of refusal.says) expect(error.message).toContain(part);
    expect(await refusedByRuntime(refusal)).toBe(refusal.onlyHere === undefined);
  });

  it("an input that decides a shape must be a constant", () => {
    const shape = input("shape", "int64", [2]);
    expect(() => applyNode("Reshape", [input("x", "float32", [2, 3]), shape])).toThrow(
      "Reshape: target shape must be a constant, it is computed at run time",
    );
  });

  it("a missing input is named by its position", () => {
    const x = input("x", "float32", [2]);
    for (const op of ["Add", "Concat", "Max", "MatMul"])
      expect(() => applyNode(op, [x, undefined], op === "Concat" ? { axis: 0 } : {})).toThrow(
        `${op}: input 1 is missing`,
      );
  });
});
