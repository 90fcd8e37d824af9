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

const resize = fc
  .record({
    spatial: shapeOf(2, 2),
    mode: oneOf("nearest", "linear"),
    coordinates: oneOf("half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"),
    nearest: oneOf("round_prefer_floor", "round_prefer_ceil", "floor", "ceil"),
    bySizes: fc.boolean(),
    scales: fc.tuple(oneOf(0.5, 1, 1.5, 2, 3), oneOf(0.6, 1, 2, 2.5)),
  })
  .chain(({ spatial, mode, coordinates, nearest, bySizes, scales }) =>
    tensor([2, 3, ...spatial]).map((x) => {
      const factors = spatial.map((d, i) => Math.max(scales[i]!, 1 / d));
      const by = bySizes
        ? [empty, ints([2, 3, ...spatial.map((d, i) => Math.floor(d * factors[i]!))])]
        : [{ ...empty, shape: [4], values: [1, 1, ...factors] }];
      const attributes = { mode, coordinate_transformation_mode: coordinates, nearest_mode: nearest };
      return node([x, undefined, ...by], attributes);
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
