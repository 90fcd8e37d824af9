import fc from "fast-check";
import type { DType } from "#src/graph/dtype.js";
import { ATTRIBUTE_TYPE } from "#src/graph/onnx-schema.js";
import type { AttributeValue } from "../onnx-model.js";
import { extent, type Operand, oneOf, type Shape, tensor, together } from "./operands.js";

/** A node of an operator that is written with others when it is read. */
export interface UnloweredNode {
  readonly inputs: readonly (Operand | undefined)[];
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  readonly outputs: readonly string[];
}

const weights = (shape: Shape) => tensor(shape, "float32", -1, 1).map((x) => ({ ...x, constant: true }));
/** An attribute of several texts. */
export const strings = (values: readonly string[]) => ({
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
      ended: oneOf("never", "known", "told"),
      lengths: fc.tuple(fc.nat(), fc.nat()),
    })
    .chain(({ steps, batch, width, hidden, direction, biased, started, own, before, unread, ended, lengths }) => {
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
          const values = lengths.slice(0, batch).map((length) => 1 + (length % steps));
          const ends: Operand = { dtype: "int32", shape: [batch], values, constant: ended === "known" };
          return {
            inputs: [
              x,
              w,
              r,
              biased ? bias : undefined,
              ended === "never" ? undefined : ends,
              ...(started ? initial : []),
            ],
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

const one = (dtype: DType, value: number): Operand => ({ dtype, shape: [], values: [value], constant: true });

/** Bytes and weights with their steps and zero points, and those of the result. */
const inBytes = (x: Shape, w: Shape, attributes: UnloweredNode["attributes"] = {}) =>
  fc.tuple(tensor(x, "uint8"), tensor(w, "int8"), fc.boolean()).map(
    ([bytes, weight, constant]): UnloweredNode => ({
      inputs: [
        { ...bytes, constant },
        one("float32", 0.02),
        one("uint8", 3),
        { ...weight, constant: true },
        one("float32", 0.05),
        one("int8", 0),
        one("float32", 0.1),
        one("uint8", 128),
      ],
      attributes,
      outputs: ["y"],
    }),
  );

/** For every operator that is written with others, random valid nodes, and an operator set that has it. */
export const UNLOWERED_CASES: Readonly<Record<string, readonly [made: fc.Arbitrary<UnloweredNode>, opset: number]>> = {
  LSTM: [recurrent(4, 2, ["Sigmoid", "Relu", "Tanh"]), 14],
  GRU: [recurrent(3, 1, ["Sigmoid", "Softsign"]), 14],
  RNN: [recurrent(1, 1, ["Relu"]), 14],
  Einsum: [einsum, 13],
  Attention: [attention, 23],
  DequantizeLinear: [quantised, 13],
  QLinearConv: [inBytes([1, 2, 4, 5], [3, 2, 2, 2], { strides: [1, 2], pads: [1, 0, 0, 1] }), 10],
  QLinearMatMul: [inBytes([2, 3], [3, 4]), 10],
  Swish: [
    fc.tuple(tensor([2, 3]), oneOf(undefined, 0.5, 1.7)).map(
      ([x, alpha]): UnloweredNode => ({
        inputs: [x],
        attributes: alpha === undefined ? {} : { alpha: { float: alpha } },
        outputs: ["y"],
      }),
    ),
    24,
  ],
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
