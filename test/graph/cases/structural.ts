import fc from "fast-check";
import {
  about,
  type CaseAttributes,
  extent,
  ints,
  MOVED,
  type NodeCase,
  node,
  oneOf,
  shapeOf,
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
  Expand: together(2).chain(([from, to]) => tensor(from!).map((x) => node([x, ints(to!)]))),
  Shape: about(0, 4, MOVED, () =>
    fc
      .tuple(fc.integer({ min: -5, max: 5 }), fc.integer({ min: -5, max: 5 }), fc.nat(2))
      .map(([start, end, given]) => ({
        attributes: (given === 0 ? {} : given === 1 ? { start } : { start, end }) as CaseAttributes,
      })),
  ),
  Size: about(0, 4, MOVED, () => fc.constant({})),
  Tile: about(1, 4, ["float32", "int64", "bool"], (shape) =>
    fc
      .array(fc.integer({ min: 1, max: 3 }), { minLength: shape.length, maxLength: shape.length })
      .map((repeats) => ({ inputs: [ints(repeats)] })),
  ),
  DepthToSpace: fc
    .record({
      n: extent,
      c: extent,
      h: extent,
      w: extent,
      blocksize: fc.integer({ min: 1, max: 3 }),
      mode: oneOf("DCR", "CRD"),
    })
    .chain(({ n, c, h, w, blocksize, mode }) =>
      tensor([n, c * blocksize ** 2, h, w]).map((x) => node([x], { blocksize, mode })),
    ),
  SpaceToDepth: fc
    .record({ n: extent, c: extent, h: extent, w: extent, blocksize: fc.integer({ min: 1, max: 3 }) })
    .chain(({ n, c, h, w, blocksize }) =>
      tensor([n, c, h * blocksize, w * blocksize]).map((x) => node([x], { blocksize })),
    ),
  Trilu: about(2, 4, ["float32", "int64"], () =>
    fc.tuple(fc.integer({ min: -6, max: 6 }), oneOf(0, 1), fc.boolean()).map(([k, upper, offset]) => ({
      inputs: offset ? [{ dtype: "int64" as const, shape: [], values: [k], constant: true }] : [],
      attributes: { upper },
    })),
  ),
};
