import fc from "fast-check";
import type { DType } from "#src/graph/dtype.js";
import {
  about,
  axisOf,
  type CaseAttributes,
  extent,
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
  together,
} from "./operands.js";

const slice = about(1, 4, MOVED, (shape) =>
  fc
    .subarray(
      shape.map((_, i) => i),
      { minLength: 1 },
    )
    .chain((axes) =>
      fc
        .array(
          fc.record({
            start: fc.integer({ min: -7, max: 7 }),
            end: fc.oneof(fc.integer({ min: -7, max: 7 }), oneOf(-(2 ** 40), 2 ** 40)),
            step: oneOf(1, 1, 2, 3, -1, -2),
          }),
          { minLength: axes.length, maxLength: axes.length },
        )
        .map((ranges) => ({
          inputs: [
            ints(ranges.map((r) => r.start)),
            ints(ranges.map((r) => r.end)),
            ints(axes),
            ints(ranges.map((r) => r.step)),
          ],
        })),
    ),
);

const split = fc
  .record({
    before: shapeOf(0, 2),
    after: shapeOf(0, 2),
    parts: fc.array(extent, { minLength: 1, maxLength: 4 }),
    equal: fc.boolean(),
  })
  .chain(({ before, after, parts, equal }) => {
    const sizes = equal ? parts.map(() => parts[0]!) : parts;
    const extentOfAll = sizes.reduce((a, b) => a + b);
    const by: CaseAttributes = equal ? { num_outputs: sizes.length } : {};
    return tensor([...before, extentOfAll, ...after]).map((x) =>
      node(equal ? [x] : [x, ints(sizes)], { axis: before.length, ...by }, sizes.length),
    );
  });

const concat = fc
  .record({
    before: shapeOf(0, 2),
    after: shapeOf(0, 2),
    parts: fc.array(extent, { minLength: 1, maxLength: 3 }),
    dtype: oneOf(...MOVED),
    negative: fc.boolean(),
  })
  .chain(({ before, after, parts, dtype, negative }) => {
    const axis = negative ? -1 - after.length : before.length;
    return fc
      .tuple(...parts.map((d) => tensor([...before, d, ...after], dtype)))
      .map((inputs) => node(inputs, { axis }));
  });

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

const reshape = about(1, 4, MOVED, (shape) =>
  fc
    .tuple(fc.shuffledSubarray([...shape], { minLength: shape.length, maxLength: shape.length }), fc.nat(2), fc.nat())
    .map(([order, form, at]) => {
      const target = form === 0 ? [...order, 1] : form === 1 ? [...shape] : order.slice();
      if (form === 1) target[at % target.length] = 0;
      if (form === 2) target[at % target.length] = -1;
      return { inputs: [ints(target)] };
    }),
);

const pad = about(1, 3, ["float32", "int64"], (shape) =>
  fc
    .tuple(
      fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 2 * shape.length, maxLength: 2 * shape.length }),
      fc.boolean(),
      fc.subarray(
        shape.map((_, i) => i),
        { minLength: 1 },
      ),
    )
    .map(([pads, some, axes]) =>
      some
        ? { inputs: [ints(axes.flatMap((_, i) => pads.slice(2 * i, 2 * i + 2))), undefined, ints(axes)] }
        : { inputs: [ints(pads)], attributes: { mode: "constant" } },
    ),
);

export const STRUCTURAL_CASES: Readonly<Record<string, fc.Arbitrary<NodeCase>>> = {
  Reshape: reshape,
  Flatten: about(1, 4, MOVED, (shape) =>
    fc.integer({ min: -shape.length, max: shape.length }).map((axis) => ({ attributes: { axis } })),
  ),
  Transpose: about(0, 4, MOVED, (shape) => {
    const axes = shape.map((_, i) => i);
    return fc
      .tuple(fc.shuffledSubarray(axes, { minLength: axes.length, maxLength: axes.length }), fc.boolean())
      .map(([perm, given]) => ({ attributes: (given && perm.length > 0 ? { perm } : {}) as CaseAttributes }));
  }),
  Concat: concat,
  Slice: slice,
  Split: split,
  Squeeze: fc.tuple(shapeOf(0, 3), fc.boolean(), oneOf(...MOVED)).chain(([shape, given, dtype]) => {
    const stretched = [1, ...shape, 1];
    return tensor(stretched, dtype).map((x) => node(given ? [x, ints([0, -1])] : [x]));
  }),
  Unsqueeze: about(0, 3, MOVED, (shape) =>
    oneOf([0], [-1], [0, -1], [shape.length + 1, 0]).map((axes) => ({ inputs: [ints(axes)] })),
  ),
  Pad: pad,
  Gather: gather,
  Expand: together(2).chain(([from, to]) => tensor(from!).map((x) => node([x, ints(to!)]))),
  Shape: about(0, 4, MOVED, () =>
    fc
      .tuple(fc.integer({ min: -5, max: 5 }), fc.integer({ min: -5, max: 5 }), fc.nat(2))
      .map(([start, end, given]) => ({
        attributes: (given === 0 ? {} : given === 1 ? { start } : { start, end }) as CaseAttributes,
      })),
  ),
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
};
