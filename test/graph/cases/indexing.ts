import fc from "fast-check";
import type { DType } from "#src/graph/dtype.js";
import {
  about,
  axisOf,
  ints,
  MOVED,
  type NodeCase,
  node,
  type Operand,
  oneOf,
  type Shape,
  shapeOf,
  sizeOf,
  tensor,
} from "./operands.js";

const gather = about(1, 3, MOVED, (shape) =>
  fc.tuple(axisOf(shape), shapeOf(0, 2), oneOf<DType>("int64", "int32")).chain(([axis, picked, dtype]) => {
    const d = shape.at(axis)!;
    return fc
      .array(fc.integer({ min: -d, max: d - 1 }), { minLength: sizeOf(picked), maxLength: sizeOf(picked) })
      .map((values) => ({
        inputs: [{ dtype, shape: picked, values }],
        attributes: { axis },
      }));
  }),
);

/** Indices of the operand's own shape along an axis. */
const elementIndices = (shape: Shape, axis: number): fc.Arbitrary<Operand> =>
  fc
    .array(fc.nat(shape.at(axis)! - 1), { minLength: sizeOf(shape), maxLength: sizeOf(shape) })
    .map((values) => ({ dtype: "int64", shape, values }));

const number = (value: number, dtype: DType = "int64"): Operand => ({
  dtype,
  shape: [],
  values: [value],
  constant: true,
});

/** Tuples of `depth` indices into the axes of a shape behind its batch axes. */
const tuples = (shape: Shape, batch: number, depth: number, picked: Shape): fc.Arbitrary<Operand> => {
  const all = [...shape.slice(0, batch), ...picked, depth];
  return fc
    .array(fc.nat(1e6), { minLength: sizeOf(all), maxLength: sizeOf(all) })
    .map((values) => ({ dtype: "int64", shape: all, values: values.map((v, i) => v % shape[batch + (i % depth)]!) }));
};

/** Each tuple once, since the order of equal ones is not defined. */
const distinctTuples = (shape: Shape, depth: number): fc.Arbitrary<Operand> => {
  const places = Array.from({ length: sizeOf(shape.slice(0, depth)) }, (_, i) => i);
  return fc.shuffledSubarray(places, { minLength: 1 }).map((picked) => ({
    dtype: "int64",
    shape: [picked.length, depth],
    values: picked.flatMap((place) =>
      shape.slice(0, depth).map((d, i) => Math.floor(place / sizeOf(shape.slice(i + 1, depth))) % d),
    ),
  }));
};

export const INDEXING_CASES: Readonly<Record<string, fc.Arbitrary<NodeCase>>> = {
  Gather: gather,
  GatherElements: about(1, 3, ["float32"], (shape) =>
    axisOf(shape).chain((axis) =>
      elementIndices(shape, axis).map((indices) => ({ inputs: [indices], attributes: { axis } })),
    ),
  ),
  ScatterElements: about(1, 3, ["float32"], (shape) =>
    axisOf(shape).chain((axis) =>
      fc
        .tuple(elementIndices(shape, axis), tensor(shape), oneOf("none", "add"))
        .map(([indices, updates, how]) => ({ inputs: [indices, updates], attributes: { axis, reduction: how } })),
    ),
  ),
  GatherND: shapeOf(2, 4).chain((shape) =>
    fc
      .record({ batch: fc.nat(1), depth: fc.integer({ min: 1, max: 2 }), picked: shapeOf(0, 2) })
      .map(({ batch, depth, picked }) => ({ batch: Math.min(batch, shape.length - depth), depth, picked }))
      .chain(({ batch, depth, picked }) =>
        fc
          .tuple(tensor(shape), tuples(shape, batch, depth, batch > 0 && picked.length === 0 ? [1] : picked))
          .map((inputs) => node(inputs, { batch_dims: batch })),
      ),
  ),
  ScatterND: shapeOf(1, 3).chain((shape) =>
    fc
      .integer({ min: 1, max: shape.length })
      .chain((depth) =>
        distinctTuples(shape, depth).chain((indices) =>
          fc
            .tuple(tensor(shape), tensor([indices.shape[0]!, ...shape.slice(depth)]), oneOf("none", "add"))
            .map(([x, updates, reduction]) => node([x, indices, updates], { reduction })),
        ),
      ),
  ),
  TopK: about(1, 3, ["float32"], (shape) =>
    fc.tuple(axisOf(shape), fc.nat(4), oneOf(0, 1)).map(([axis, k, largest]) => ({
      inputs: [ints([Math.min(k + 1, shape.at(axis)!)])],
      attributes: { axis, largest },
      outputs: 2,
    })),
  ),
  OneHot: fc
    .record({ shape: shapeOf(1, 3), depth: fc.integer({ min: 2, max: 5 }), last: fc.boolean() })
    .chain(({ shape, depth, last }) =>
      fc.array(fc.nat(depth - 1), { minLength: sizeOf(shape), maxLength: sizeOf(shape) }).map((values) =>
        node([{ dtype: "int64", shape, values }, number(depth), { dtype: "float32", shape: [2], values: [-1, 2] }], {
          axis: last ? -1 : 0,
        }),
      ),
    ),
  Range: fc
    .tuple(
      fc.integer({ min: -9, max: 9 }),
      fc.integer({ min: -9, max: 9 }),
      oneOf(1, 2, -1, -3),
      oneOf<DType>("int64", "float32"),
    )
    .map(([start, limit, step, dtype]) => node([number(start, dtype), number(limit, dtype), number(step, dtype)])),
  NonZero: about(1, 3, ["bool", "int64", "float32"], () => fc.constant({})).map(({ inputs: [x], ...rest }) => ({
    ...rest,
    inputs: [{ ...x!, constant: true }],
  })),
  CumSum: about(1, 3, ["float32", "int64"], (shape) =>
    fc
      .tuple(axisOf(shape), oneOf(0, 1), oneOf(0, 1))
      .map(([axis, exclusive, reverse]) => ({ inputs: [number(axis)], attributes: { exclusive, reverse } })),
  ),
};
