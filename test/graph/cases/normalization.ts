import fc from "fast-check";
import { axisOf, ints, type NodeCase, node, type Operand, oneOf, shapeOf, tensor } from "./operands.js";

const batch = shapeOf(1, 3).chain(([channels = 1, ...spatial]) =>
  fc
    .tuple(
      tensor([2, channels, ...spatial]),
      tensor([channels]),
      tensor([channels]),
      tensor([channels]),
      tensor([channels], "float32", 0.1, 2),
    )
    .map((inputs) => node(inputs, { epsilon: { float: 0.001 } })),
);

const empty: Operand = { dtype: "float32", shape: [0], values: [], constant: true };
const numbers = (values: readonly number[]): Operand => ({ ...empty, shape: [values.length], values });

/** True where float32 and float64 agree on an extent; onnxruntime infers by one and computes by the other. */
const isClear = (extent: number, scale: number) =>
  Math.floor(Math.fround(extent * Math.fround(scale))) === Math.floor(extent * Math.fround(scale));

/** Axes that are resized, by layout; onnxruntime has linear and cubic modes for some of them only. */
const LAYOUTS = {
  L: { shape: (d: readonly number[]) => [d[0]!], axes: [0], modes: ["nearest"] },
  HW: { shape: (d: readonly number[]) => [d[0]!, d[1]!], axes: [0, 1], modes: ["nearest", "linear", "cubic"] },
  NCL: { shape: (d: readonly number[]) => [2, 3, d[0]!], axes: [2], modes: ["nearest", "linear"] },
  NCHW: { shape: (d: readonly number[]) => [2, 3, d[0]!, d[1]!], axes: [2, 3], modes: ["nearest", "linear", "cubic"] },
  NHWC: { shape: (d: readonly number[]) => [2, d[0]!, d[1]!, 3], axes: [1, 2], modes: ["nearest", "linear"] },
  NCDHW: {
    shape: (d: readonly number[]) => [1, 2, d[0]!, d[1]!, d[2]!],
    axes: [2, 3, 4],
    modes: ["nearest", "linear"],
  },
} as const;

const resize = fc
  .record({
    layout: oneOf(...Object.values(LAYOUTS)),
    extents: fc.tuple(...[17, 13, 4].map((max) => fc.integer({ min: 1, max }))),
    mode: fc.nat(5),
    coordinates: oneOf("half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", "half_pixel_symmetric"),
    nearest: oneOf("round_prefer_floor", "round_prefer_ceil", "floor", "ceil"),
    by: oneOf("scales", "scales", "sizes", "axes", "not_larger", "not_smaller"),
    factors: fc.tuple(...[1, 2, 3].map(() => oneOf(0.5, 0.6, 0.77, 1, 1, 1.1, 1.3, 1.5, 2, 2, 3, 3.3))),
    smooth: fc.boolean(),
  })
  .map(({ layout, extents, factors, ...rest }) => {
    const shape = layout.shape(extents);
    const scales = layout.axes.map((axis, i) => {
      const factor = Math.max(factors[i]!, 1 / shape[axis]!);
      return isClear(shape[axis]!, factor) ? factor : 2;
    });
    return { shape, scales, axes: layout.axes, ...rest, mode: layout.modes[rest.mode % layout.modes.length]! };
  })
  .map(({ shape, scales, axes, ...rest }) => {
    const sizes = axes.map((axis, i) => Math.floor(Math.fround(shape[axis]! * Math.fround(scales[i]!))));
    const smallest = Math.min(...axes.map((axis, i) => sizes[i]! / shape[axis]!));
    const keepsAll = axes.every((axis) => Math.round(Math.fround(shape[axis]! * Math.fround(smallest))) >= 1);
    const by = rest.by === "not_larger" && !keepsAll ? ("sizes" as const) : rest.by;
    return { ...rest, shape, scales, axes, sizes, by };
  })
  .chain(({ shape, axes, scales, sizes, by, mode, coordinates, nearest, smooth }) =>
    tensor(shape).map((x) => {
      const all = (given: readonly number[], others: readonly number[]) =>
        others.map((other, axis) => given[(axes as readonly number[]).indexOf(axis)] ?? other);
      const ones = shape.map(() => 1);
      const bySizes = by === "sizes" ? [empty, ints(all(sizes, shape))] : [empty, ints(sizes)];
      const byScales = by === "scales" ? [numbers(all(scales, ones))] : [numbers(scales)];
      const given = by === "scales" || by === "axes" ? byScales : bySizes;
      return node([x, undefined, ...given], {
        mode,
        coordinate_transformation_mode: coordinates,
        nearest_mode: nearest,
        ...(by !== "scales" && by !== "sizes" && { axes }),
        ...(by.startsWith("not") && { keep_aspect_ratio_policy: by }),
        ...(smooth && mode !== "nearest" && shape.length === 4 && { antialias: 1 }),
        ...(smooth && mode === "cubic" && { exclude_outside: 1, cubic_coeff_a: { float: -0.5 } }),
      });
    }),
  );

export const NORMALIZATION_CASES: Readonly<Record<string, fc.Arbitrary<NodeCase>>> = {
  BatchNormalization: batch,
  LayerNormalization: shapeOf(1, 4).chain((shape) =>
    axisOf(shape).chain((axis) =>
      fc
        .tuple(tensor(shape), tensor(shape.slice(axis)), tensor(shape.slice(axis)), fc.boolean(), oneOf(1, 3))
        .map(([x, scale, bias, biased, outputs]) =>
          node(biased ? [x, scale, bias] : [x, scale], { axis, epsilon: { float: 0.01 } }, outputs),
        ),
    ),
  ),
  RMSNormalization: shapeOf(1, 4).chain((shape) =>
    axisOf(shape).chain((axis) =>
      fc
        .tuple(tensor(shape), tensor(shape.slice(axis)))
        .map((inputs) => node(inputs, { axis, epsilon: { float: 0.01 } })),
    ),
  ),
  GroupNormalization: fc
    .record({ groups: fc.integer({ min: 1, max: 3 }), each: fc.integer({ min: 1, max: 3 }), spatial: shapeOf(1, 2) })
    .chain(({ groups, each, spatial }) =>
      fc
        .tuple(tensor([2, groups * each, ...spatial]), tensor([groups * each]), tensor([groups * each]))
        .map((inputs) => node(inputs, { num_groups: groups, epsilon: { float: 0.01 } })),
    ),
  InstanceNormalization: fc
    .tuple(fc.integer({ min: 1, max: 3 }), shapeOf(1, 2))
    .chain(([channels, spatial]) =>
      fc
        .tuple(tensor([2, channels, ...spatial]), tensor([channels]), tensor([channels]))
        .map((inputs) => node(inputs, { epsilon: { float: 0.01 } })),
    ),
  Resize: resize,
};
