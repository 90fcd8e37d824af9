import fc from "fast-check";
import type * as ort from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { InputError } from "#src/errors.js";
import { readModel } from "#src/graph/onnx-read.js";
import { ATTRIBUTE_TYPE } from "#src/graph/onnx-schema.js";
import { writeModel } from "#src/graph/onnx-write.js";
import { topologicalOrder } from "#src/graph/value.js";
import { relativeError } from "../evaluate.js";
import { extent, type Operand, oneOf, type Shape, tensor, together } from "./cases/operands.js";
import { type AttributeValue, feed, initializer, modelBytes, runModel, valueInfo } from "./onnx-model.js";

interface UnloweredNode {
  readonly inputs: readonly (Operand | undefined)[];
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  readonly outputs: readonly string[];
}

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

const weights = (shape: Shape) => tensor(shape, "float32", -1, 1).map((x) => ({ ...x, constant: true }));
const strings = (values: readonly string[]) => ({
  strings: values.map((value) => new TextEncoder().encode(value)),
  type: ATTRIBUTE_TYPE.strings,
});

/** A recurrent layer with `parts` weight matrices a direction, with and without biases and initial states. */
const recurrent = (parts: number, states: number, activations: readonly string[]) =>
  fc
    .record({
      steps: extent,
      batch: fc.integer({ min: 1, max: 2 }),
      width: extent,
      hidden: fc.integer({ min: 1, max: 4 }),
      direction: oneOf("forward", "reverse", "bidirectional"),
      biased: fc.boolean(),
      started: fc.boolean(),
      own: fc.boolean(),
      before: oneOf(0, 1),
      unread: fc.boolean(),
    })
    .chain(({ steps, batch, width, hidden, direction, biased, started, own, before, unread }) => {
      const d = direction === "bidirectional" ? 2 : 1;
      return fc
        .tuple(
          tensor([steps, batch, width]),
          weights([d, parts * hidden, width]),
          weights([d, parts * hidden, hidden]),
          weights([d, 2 * parts * hidden]),
          ...Array.from({ length: states }, () => tensor([d, batch, hidden])),
        )
        .map(([x, w, r, bias, ...initial]): UnloweredNode => {
          const names = Array.from({ length: d }, () => activations).flat();
          return {
            inputs: [x, w, r, biased ? bias : undefined, undefined, ...(started ? initial : [])],
            attributes: {
              hidden_size: hidden,
              direction,
              ...(own && { activations: strings(names) }),
              ...(parts === 3 && { linear_before_reset: before }),
            },
            outputs: [unread ? "" : "y", "h", ...(states === 2 ? ["c"] : [])],
          };
        });
    });

const EQUATIONS: Readonly<Record<string, readonly Shape[]>> = {
  "bhid,bhjd->bhij": [
    [2, 3, 4, 5],
    [2, 3, 6, 5],
  ],
  "bhij,bhjd->bihd": [
    [2, 3, 4, 6],
    [2, 3, 6, 5],
  ],
  "ij,jk": [
    [2, 3],
    [3, 4],
  ],
  "i,j->ij": [[3], [4]],
  "i,i->": [[4], [4]],
  "ij->ji": [[2, 3]],
  "ijk->j": [[2, 3, 4]],
  "bi,bj,ij->bi": [
    [2, 3],
    [2, 4],
    [3, 4],
  ],
  "...ij,...jk->...ik": [
    [2, 3, 4],
    [2, 4, 2],
  ],
  "bnc , c o -> bno": [
    [2, 3, 4],
    [4, 5],
  ],
  "...c,c": [[2, 3, 4], [4]],
};

const einsum = oneOf(...Object.entries(EQUATIONS)).chain(([equation, shapes]) =>
  fc
    .tuple(...shapes.map((shape) => tensor(shape)))
    .map((inputs): UnloweredNode => ({ inputs, attributes: { equation }, outputs: ["y"] })),
);

const attention = fc
  .record({
    batch: fc.integer({ min: 1, max: 2 }),
    kvHeads: fc.integer({ min: 1, max: 2 }),
    sharing: fc.integer({ min: 1, max: 2 }),
    queries: extent,
    keys: extent,
    width: extent,
    packed: fc.boolean(),
    causal: oneOf(0, 1),
    mask: oneOf("none", "bool", "float32", "infinite"),
    rank: oneOf(2, 4),
    cap: oneOf(0, 2),
    scale: oneOf(0, 0.3),
    constant: fc.boolean(),
  })
  .chain(({ batch, kvHeads, sharing, queries, keys, width, packed, causal, mask, rank, cap, scale, constant }) => {
    const qHeads = kvHeads * sharing;
    const shape = (heads: number, length: number) =>
      packed ? [batch, length, heads * width] : [batch, heads, length, width];
    return fc
      .tuple(
        tensor(shape(qHeads, queries)),
        tensor(shape(kvHeads, keys)),
        tensor(shape(kvHeads, keys)),
        tensor([...(rank === 4 ? [batch, 1] : []), queries, keys], mask === "bool" ? "bool" : "float32"),
      )
      .map(([q, k, v, m]): UnloweredNode => {
        // Some queries may look at nothing.
        const values = mask === "infinite" ? m.values.map((x) => (x < 0 ? Number.NEGATIVE_INFINITY : x)) : m.values;
        return {
          inputs: mask === "none" ? [q, k, v] : [q, k, v, { ...m, values, constant }],
          attributes: {
            is_causal: causal,
            ...(packed && { q_num_heads: qHeads, kv_num_heads: kvHeads }),
            ...(cap > 0 && { softcap: { float: cap } }),
            ...(scale > 0 && { scale: { float: scale } }),
          },
          outputs: ["y"],
        };
      });
  });

const variadic = fc
  .integer({ min: 1, max: 3 })
  .chain((n) => together(n))
  .chain((shapes) => fc.tuple(...shapes.map((shape) => tensor(shape))))
  .map((inputs): UnloweredNode => ({ inputs, attributes: {}, outputs: ["y"] }));

/** Whole numbers with a scale and perhaps a zero point, for the whole tensor or along an axis. */
const quantised = fc
  .record({
    dtype: oneOf("int8" as const, "uint8" as const, "int32" as const),
    shape: fc.tuple(extent, extent, extent),
    axis: oneOf(undefined, 0, 1, -1),
    zero: fc.boolean(),
    constant: fc.boolean(),
  })
  .chain(({ dtype, shape, axis, zero, constant }) => {
    const parts = axis === undefined ? [] : [shape.at(axis)!];
    return fc
      .tuple(tensor(shape, dtype), tensor(parts, "float32", 0.01, 0.1), tensor(parts, dtype))
      .map(([x, scale, point]): UnloweredNode => {
        const zeros = { ...point, values: point.values.map((v) => (dtype === "int32" ? 0 : v)), constant: true };
        return {
          inputs: [{ ...x, constant }, { ...scale, constant: true }, ...(zero ? [zeros] : [])],
          attributes: axis === undefined ? {} : { axis },
          outputs: ["y"],
        };
      });
  });

const LOWERED: Readonly<Record<string, readonly [made: fc.Arbitrary<UnloweredNode>, opset: number]>> = {
  LSTM: [recurrent(4, 2, ["Sigmoid", "Relu", "Tanh"]), 14],
  GRU: [recurrent(3, 1, ["Sigmoid", "Softsign"]), 14],
  RNN: [recurrent(1, 1, ["Relu"]), 14],
  Einsum: [einsum, 13],
  Attention: [attention, 23],
  DequantizeLinear: [quantised, 13],
  Sum: [variadic, 13],
  Mean: [variadic, 13],
  CastLike: [
    fc
      .tuple(tensor([2, 3], "int64"), tensor([1], "float32"))
      .map((inputs): UnloweredNode => ({ inputs, attributes: {}, outputs: ["y"] })),
    15,
  ],
  GlobalMaxPool: [
    tensor([2, 3, 4, 5]).map((x): UnloweredNode => ({ inputs: [x], attributes: {}, outputs: ["y"] })),
    13,
  ],
};

describe("lowered operators compute what onnxruntime computes", () => {
  it.each(Object.entries(LOWERED))("%s", async (op, [made, opset]) => {
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
    "shorter sequences": ["LSTM", lstm([undefined, lengths([1])]), "sequence lengths must be constant and all 2"],
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
