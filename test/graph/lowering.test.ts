import fc from "fast-check";
import type * as ort from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { InputError } from "#src/errors.js";
import { readModel } from "#src/graph/onnx-read.js";
import { writeModel } from "#src/graph/onnx-write.js";
import { topologicalOrder } from "#src/graph/value.js";
import { relativeError } from "../evaluate.js";
import { type Operand, type Shape, tensor } from "./cases/operands.js";
import { strings, UNLOWERED_CASES, type UnloweredNode } from "./cases/unlowered.js";
import { feed, initializer, modelBytes, runModel, valueInfo } from "./onnx-model.js";

const given = ({ inputs }: UnloweredNode) => inputs.flatMap((x, i) => (x ? [{ ...x, name: `x${i}` }] : []));

/** One node as a model. */
function modelOf(op: string, node: UnloweredNode, opset: number): Uint8Array {
  return modelBytes({
    opset,
    nodes: [
      {
        op,
        name: "layer",
        inputs: node.inputs.map((x, i) => (x ? `x${i}` : "")),
        outputs: node.outputs,
        attributes: node.attributes,
      },
    ],
    inputs: given(node).flatMap((x) => (x.constant ? [] : [valueInfo(x.name, x.dtype, x.shape)])),
    outputs: node.outputs.filter(Boolean).map((name) => valueInfo(name)),
    initializers: given(node)
      .filter(({ constant }) => constant)
      .map(({ name, dtype, shape, values }) => initializer(name, dtype, shape, values)),
  });
}

const feedsOf = (node: UnloweredNode): Record<string, ort.Tensor> =>
  Object.fromEntries(given(node).flatMap((x) => (x.constant ? [] : [[x.name, feed(x.dtype, x.shape, x.values)]])));

describe("lowered operators compute what onnxruntime computes", () => {
  it.each(Object.entries(UNLOWERED_CASES))("%s", async (op, [made, opset]) => {
    await fc.assert(
      fc.asyncProperty(made, async (node) => {
        const original = modelOf(op, node, opset);
        const graph = readModel(original, "p");
        expect(topologicalOrder(graph.outputs.values()).map((node) => node.op)).not.toContain(op);
        const feeds = feedsOf(node);
        const [before, after] = [await runModel(original, feeds), await runModel(writeModel(graph), feeds)];
        for (const name of node.outputs.filter(Boolean)) {
          expect(after[name]!.dims, name).toEqual(before[name]!.dims);
          const [found, expected] = [after, before].map((out) =>
            Float64Array.from(out[name]!.data as Float32Array, Number),
          );
          expect(relativeError(found!, expected!), name).toBeLessThan(2e-6);
        }
      }),
      { numRuns: 40, seed: 1 },
    );
  });
});

describe("layers with the batch first", () => {
  it("are those with the steps first, transposed", async () => {
    const [steps, batch, width, hidden] = [3, 2, 4, 5];
    const numbers = (shape: Shape, seed: number) =>
      fc.sample(tensor(shape), { numRuns: 1, seed }).map((x) => x.values)[0] as number[];
    const swapped = (values: readonly number[], [a, b, c]: [number, number, number]) =>
      Array.from({ length: a * b * c }, (_, i) => {
        const [q, p, r] = [Math.floor(i / (a * c)), Math.floor(i / c) % a, i % c];
        return values[(p * b + q) * c + r]!;
      });
    const x = numbers([steps, batch, width], 1);
    const h = numbers([1, batch, hidden], 2);
    const constant = (shape: Shape, seed: number): Operand => ({
      dtype: "float32",
      shape,
      values: numbers(shape, seed),
      constant: true,
    });
    const layer = (layout: number): UnloweredNode => ({
      inputs: [
        layout === 0
          ? { dtype: "float32", shape: [steps, batch, width], values: x }
          : { dtype: "float32", shape: [batch, steps, width], values: swapped(x, [steps, batch, width]) },
        constant([1, 3 * hidden, width], 3),
        constant([1, 3 * hidden, hidden], 4),
        undefined,
        undefined,
        layout === 0
          ? { dtype: "float32", shape: [1, batch, hidden], values: h }
          : { dtype: "float32", shape: [batch, 1, hidden], values: swapped(h, [1, batch, hidden]) },
      ],
      attributes: { hidden_size: hidden, layout },
      outputs: ["y", "h"],
    });
    const run = async (node: UnloweredNode) =>
      runModel(writeModel(readModel(modelOf("GRU", node, 14), "p")), feedsOf(node));
    const [first, other] = [await run(layer(0)), await run(layer(1))];
    expect(other.y!.dims).toEqual([batch, steps, 1, hidden]);
    expect(other.h!.dims).toEqual([batch, 1, hidden]);
    const values = Array.from(first.y!.data as Float32Array);
    expect(Array.from(other.y!.data as Float32Array)).toEqual(swapped(values, [steps, batch, hidden]));
    expect(Array.from(other.h!.data as Float32Array)).toEqual(Array.from(first.h!.data as Float32Array));
  });
});

describe("forms that are not supported are refused, naming the node", () => {
  const zeros = (shape: Shape, constant = true): Operand => ({
    dtype: "float32",
    shape,
    values: Array<number>(shape.reduce((p, d) => p * d, 1)).fill(0),
    constant,
  });
  const lstm = (
    more: readonly (Operand | undefined)[],
    attributes: UnloweredNode["attributes"] = {},
  ): UnloweredNode => ({
    inputs: [zeros([2, 1, 3], false), zeros([1, 8, 3]), zeros([1, 8, 2]), ...more],
    attributes,
    outputs: ["y"],
  });
  const two = { float: 2 };
  const lengths = (values: number[]): Operand => ({ dtype: "int32", shape: [values.length], values, constant: true });
  const cases: Record<string, readonly [op: string, UnloweredNode, message: string]> = {
    peepholes: [
      "LSTM",
      lstm([undefined, undefined, undefined, undefined, zeros([1, 6])]),
      "peepholes are not supported",
    ],
    clipping: ["LSTM", lstm([], { clip: two }), "clipped activations are not supported"],
    "coupled gates": ["LSTM", lstm([], { input_forget: 1 }), "coupled input and forget gates are not supported"],
    "an activation": [
      "LSTM",
      lstm([], { activations: strings(["Sigmoid", "Affine", "Tanh"]) }),
      "activation Affine is not supported",
    ],
    "lengths of another batch": [
      "LSTM",
      lstm([undefined, lengths([1, 2])]),
      "sequence lengths [2] do not fit, expected [1]",
    ],
    "weights of other sizes": [
      "LSTM",
      { ...lstm([]), inputs: [zeros([2, 1, 4], false), zeros([1, 8, 3]), zeros([1, 8, 2])] },
      "do not fit",
    ],
    "diagonals of an Einsum": [
      "Einsum",
      { inputs: [zeros([3, 3], false)], attributes: { equation: "ii->i" }, outputs: ["y"] },
      'term "ii"',
    ],
    "letters from nowhere": [
      "Einsum",
      { inputs: [zeros([3], false)], attributes: { equation: "i->ij" }, outputs: ["y"] },
      'output "ij"',
    ],
  };
  it.each(Object.entries(cases))("%s", (_, [op, node, message]) => {
    const read = () => readModel(modelOf(op, node, 14), "p.onnx");
    expect(read).toThrow(InputError);
    expect(read).toThrow(`p.onnx: node "layer" (${op}): ${op}: `);
    expect(read).toThrow(message);
  });
});
