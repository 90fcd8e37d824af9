import fc from "fast-check";
import type { DType } from "#src/graph/dtype.js";
import type { AttributeValue } from "../onnx-model.js";
import type { Form } from "../run-form.js";
import {
  axisOf,
  extent,
  ints,
  type Operand,
  oneOf,
  type Shape,
  shapeOf,
  sizeOf,
  tensor,
  together,
} from "./operands.js";

export type Forms = readonly [op: string, forms: fc.Arbitrary<Form>];
type Inputs = readonly (Operand | undefined)[];
type Attributes = Readonly<Record<string, AttributeValue | undefined>>;

/** A node; attributes that are undefined are left out. */
export const form = (opset: number, inputs: Inputs, attributes: Attributes = {}, outputs: string[] = ["y"]): Form => ({
  opset,
  inputs,
  attributes: Object.fromEntries(
    Object.entries(attributes).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  ),
  outputs,
});

const sets = (from: number, to = 23) => fc.integer({ min: from, max: to });
const float = (value: number | undefined) => (value === undefined ? undefined : { float: value });
const fixed = (x: Operand): Operand => ({ ...x, constant: true });
const floats = (values: readonly number[]): Operand => ({
  dtype: "float32",
  shape: [values.length],
  values,
  constant: true,
});
const scalar = (value: number, dtype: DType = "float32"): Operand => ({
  dtype,
  shape: [],
  values: [value],
  constant: true,
});
const indices = (shape: Shape, extents: number, dtype: DType = "int64"): fc.Arbitrary<Operand> =>
  fc
    .array(fc.integer({ min: -extents, max: extents - 1 }), { minLength: sizeOf(shape), maxLength: sizeOf(shape) })
    .map((values) => ({ dtype, shape, values }));

/** A shape no larger than this one, axis by axis. */
const within = (shape: Shape, by: number) => shape.map((d, i) => Math.max(1, d - ((i + by) % 2)));

const variadic = fc
  .tuple(fc.integer({ min: 1, max: 4 }), oneOf<DType>("float32", "float64", "int32", "int64"), sets(9))
  .chain(([count, dtype, opset]) =>
    together(count).chain((shapes) =>
      fc.tuple(...shapes.map((shape) => tensor(shape, dtype))).map((inputs) => form(opset, inputs)),
    ),
  );

/** An axis, or some axes from the front or the back. */
const pickedAxes = (shape: Shape, pick: number, negative: number) =>
  shape.flatMap((_, i) => ((pick >> i) & 1 ? [(negative >> i) & 1 ? i - shape.length : i] : []));

const axesAsAttribute = (low = -2) =>
  fc
    .record({ shape: shapeOf(1, 4), pick: fc.nat(15), negative: fc.nat(15), keepdims: oneOf(0, 1), opset: sets(9, 17) })
    .chain(({ shape, pick, negative, keepdims, opset }) => {
      const axes = pickedAxes(shape, pick, opset >= 11 ? negative : 0);
      return tensor(shape, "float32", low).map((x) =>
        form(opset, [x], { keepdims, axes: axes.length > 0 ? axes : undefined }),
      );
    });

/** Axes of extent 1 that go away or come. */
const squeezed = fc
  .record({ shape: shapeOf(1, 4), pick: fc.nat(15), negative: fc.nat(15), opset: sets(9, 12), given: fc.boolean() })
  .chain(({ shape, pick, negative, opset, given }) => {
    const axes = pickedAxes(shape, pick, opset >= 11 ? negative : 0);
    const stretched = shape.map((d, i) => (axes.includes(i) || axes.includes(i - shape.length) ? 1 : d));
    return tensor(stretched).map((x) => form(opset, [x], { axes: given && axes.length > 0 ? axes : undefined }));
  });
const unsqueezed = fc
  .tuple(shapeOf(0, 3), oneOf([0], [1], [0, 1], [0, 2]), sets(9, 12))
  .chain(([shape, axes, opset]) => tensor(shape).map((x) => form(opset, [x], { axes })));

const splitOld = fc
  .tuple(fc.array(extent, { minLength: 1, maxLength: 4 }), fc.nat(2), fc.boolean(), sets(9, 17))
  .chain(([parts, axis, given, opset]) => {
    const split = given ? parts : parts.map(() => parts[0]!);
    const shape = [2, 3, 2].map((d, i) => (i === axis ? split.reduce((a, b) => a + b) : d));
    const attributes = { axis: axis === 2 ? -1 : axis, split: given && opset < 13 ? split : undefined };
    return tensor(shape).map((x) =>
      form(
        opset,
        given && opset >= 13 ? [x, ints(split)] : [x],
        attributes,
        split.map((_, i) => `y${i}`),
      ),
    );
  });

const clipOld = fc
  .tuple(shapeOf(1, 2), sets(9, 10), oneOf(undefined, -0.5, 1), oneOf(undefined, 0.5, -1))
  .chain(([shape, opset, min, max]) =>
    tensor(shape).map((x) => form(opset, [x], { min: float(min), max: float(max) })),
  );
const clip = fc
  .record({
    dtype: oneOf<DType>("float32", "float64", "int32", "int64"),
    opset: sets(11),
    ends: fc.nat(3),
    low: oneOf(-1, 2),
    known: fc.boolean(),
  })
  .chain(({ dtype, opset, ends, low, known }) =>
    tensor([7], dtype).map((x) => {
      const end = (value: number) => ({ ...scalar(value, dtype), constant: known });
      return form(opset, [x, ends & 1 ? end(low) : undefined, ends & 2 ? end(1) : undefined]);
    }),
  );

const amounts = fc.array(fc.integer({ min: -1, max: 2 }), { minLength: 8, maxLength: 8 });
const padOld = fc
  .tuple(shapeOf(1, 4), amounts, oneOf("constant", "reflect", "edge", undefined), oneOf(undefined, 7), sets(9, 10))
  .chain(([shape, pads, mode, value, opset]) =>
    tensor(shape.map((d) => d + 2)).map((x) =>
      form(opset, [x], { pads: pads.slice(0, 2 * shape.length), mode, value: float(value) }),
    ),
  );
const pad = fc
  .tuple(shapeOf(1, 4), amounts, oneOf("constant", "reflect", "edge", undefined), oneOf(undefined, 1), sets(11))
  .chain(([shape, pads, mode, value, opset]) =>
    tensor(shape.map((d) => d + 2)).map((x) =>
      form(opset, [x, ints(pads.slice(0, 2 * shape.length)), value === undefined ? undefined : scalar(value)], {
        mode,
      }),
    ),
  );

const three = <T>(each: fc.Arbitrary<T>) => fc.array(each, { minLength: 3, maxLength: 3 });
const sliceOld = fc
  .tuple(
    shapeOf(1, 3),
    three(fc.integer({ min: -7, max: 7 })),
    three(oneOf(-3, -1, 0, 1, 2, 5, 2 ** 31 - 1)),
    fc.boolean(),
  )
  .chain(([shape, starts, ends, turned]) =>
    tensor(shape).map((x) =>
      form(9, [x], {
        starts: starts.slice(0, shape.length),
        ends: ends.slice(0, shape.length),
        axes: turned ? shape.map((_, i) => shape.length - 1 - i) : undefined,
      }),
    ),
  );

const topK = fc
  .record({
    shape: shapeOf(1, 3),
    k: extent,
    largest: oneOf(0, 1),
    sorted: oneOf(0, 1),
    opset: sets(9),
    ties: fc.boolean(),
  })
  .chain(({ shape, k, largest, sorted, opset, ties }) =>
    tensor(shape, ties && opset >= 11 ? "int64" : "float32").map((x) => {
      const count = Math.min(k, shape.at(-1)!);
      if (opset === 9) return form(opset, [x], { k: count }, ["y", "i"]);
      return form(opset, [x, ints([count])], opset >= 11 ? { largest, sorted } : {}, ["y", "i"]);
    }),
  );

const dropout = fc.tuple(sets(9), fc.boolean(), fc.boolean()).chain(([opset, ratio, training]) =>
  tensor([2, 3]).map((x) => {
    if (opset < 12) return form(opset, [x], { ratio: ratio ? { float: 0.4 } : undefined });
    const more = [ratio ? scalar(0.3) : undefined, ...(training ? [scalar(0, "bool")] : [])];
    return form(opset, [x, ...more]);
  }),
);

const softmaxOld = fc.tuple(shapeOf(1, 4), sets(9, 12), fc.nat(7), fc.boolean()).chain(([shape, opset, axis, given]) =>
  tensor(shape).map((x) => {
    const known = opset >= 11 ? (axis % (2 * shape.length)) - shape.length : axis % shape.length;
    return form(opset, [x], { axis: given ? known : undefined });
  }),
);

const batchNormalization = fc
  .tuple(shapeOf(2, 4), sets(9), oneOf(undefined, 1e-3), oneOf(undefined, 0.5))
  .chain(([shape, opset, epsilon, momentum]) => {
    const each = [shape[1]!];
    return fc
      .tuple(tensor(shape), tensor(each), tensor(each), tensor(each), tensor(each, "float32", 0.1))
      .map((inputs) => form(opset, inputs, { epsilon: float(epsilon), momentum: float(momentum) }));
  });

const groupNormalization = fc
  .record({
    groups: fc.integer({ min: 1, max: 3 }),
    each: fc.integer({ min: 1, max: 3 }),
    spatial: shapeOf(1, 3),
    opset: sets(18),
  })
  .chain(({ groups, each, spatial, opset }) => {
    const parameters = [opset < 21 ? groups : groups * each];
    return fc
      .tuple(tensor([2, groups * each, ...spatial]), tensor(parameters), tensor(parameters))
      .map((inputs) => form(opset, inputs, { num_groups: groups }));
  });

/** Layer and RMS normalisation, the scale as large as the axes or broadcast to them. */
const overLastAxes = (least: number, biased: boolean) =>
  fc
    .record({
      shape: shapeOf(1, 4),
      axis: fc.nat(7),
      opset: sets(least),
      stretched: fc.boolean(),
      epsilon: oneOf(undefined, 1e-2),
    })
    .chain(({ shape, axis, opset, stretched, epsilon }) => {
      const at = axis % (2 * shape.length);
      const tail = shape.slice(at % shape.length).map((d, i) => (stretched && i === 0 ? 1 : d));
      const operands = fc.tuple(tensor(shape), tensor(tail), ...(biased ? [tensor(tail)] : []));
      return operands.map((inputs) =>
        form(opset, inputs, { axis: at < shape.length ? at : at - 2 * shape.length, epsilon: float(epsilon) }),
      );
    });

const window = (rank: number) =>
  fc.array(
    fc.record({
      kernel: fc.integer({ min: 1, max: 3 }),
      stride: fc.integer({ min: 1, max: 3 }),
      dilation: fc.integer({ min: 1, max: 3 }),
      begin: fc.nat(2),
      end: fc.nat(2),
      more: fc.nat(6),
    }),
    { minLength: rank, maxLength: rank },
  );
const autoPads = oneOf(undefined, undefined, "SAME_UPPER", "SAME_LOWER", "VALID");

const pool = (average: boolean) =>
  fc
    .record({
      rank: fc.integer({ min: 1, max: 3 }),
      ceil: oneOf(undefined, 1),
      auto: autoPads,
      counts: oneOf(0, 1),
      dilated: fc.boolean(),
      opset: sets(9),
      outputs: oneOf(["y"], ["y", "i"]),
    })
    .chain(({ rank, ceil, auto, counts, dilated, opset, outputs }) =>
      window(rank).chain((axes) => {
        const spatial = axes.map(({ kernel, dilation, more }) => (kernel - 1) * (dilated ? dilation : 1) + 1 + more);
        const pads = [
          ...axes.map(({ begin, kernel }) => Math.min(begin, kernel - 1)),
          ...axes.map(({ end, kernel }) => Math.min(end, kernel - 1)),
        ];
        return tensor([1, 2, ...spatial]).map((x) =>
          form(
            opset,
            [x],
            {
              kernel_shape: axes.map(({ kernel }) => kernel),
              strides: axes.map(({ stride }) => stride),
              ceil_mode: ceil,
              auto_pad: auto,
              pads: auto ? undefined : pads,
              dilations: dilated ? axes.map(({ dilation }) => dilation) : undefined,
              count_include_pad: average ? counts : undefined,
            },
            average ? ["y"] : outputs,
          ),
        );
      }),
    );

const convolution = (transposed: boolean) =>
  fc
    .record({
      rank: fc.integer({ min: 1, max: 3 }),
      group: fc.integer({ min: 1, max: 3 }),
      into: fc.integer({ min: 1, max: 2 }),
      out: fc.integer({ min: 1, max: 2 }),
      auto: autoPads,
      dilated: fc.boolean(),
      opset: sets(9),
      biased: fc.boolean(),
      extra: fc.nat(2),
    })
    .chain(({ rank, group, into, out, auto, dilated, opset, biased, extra }) =>
      window(rank).chain((axes) => {
        const spatial = axes.map(({ kernel, dilation, more }) =>
          transposed ? more + 2 : (kernel - 1) * (dilated ? dilation : 1) + 1 + more,
        );
        const kernel = axes.map((axis) => axis.kernel);
        const weight = transposed ? [group * into, out, ...kernel] : [group * out, into, ...kernel];
        return fc.tuple(tensor([2, group * into, ...spatial]), tensor(weight), tensor([group * out])).map(([x, w, b]) =>
          form(opset, biased ? [x, w, b] : [x, w], {
            group,
            strides: axes.map(({ stride }) => stride),
            auto_pad: transposed ? undefined : auto,
            pads:
              auto && !transposed
                ? undefined
                : [
                    ...axes.map(({ begin, kernel: k }) => Math.min(begin, k - 1)),
                    ...axes.map(({ end, kernel: k }) => Math.min(end, k - 1)),
                  ],
            dilations: dilated ? axes.map(({ dilation }) => dilation) : undefined,
            output_padding: transposed ? axes.map(({ stride }) => Math.min(extra, stride - 1)) : undefined,
          }),
        );
      }),
    );

/** Which axes change: none, all, the last, the last two, the two before the last, all behind the second. */
const changedAxes = (rank: number, which: number) =>
  [[], Array.from({ length: rank }, (_, i) => i), [rank - 1], [rank - 2, rank - 1], [rank - 3, rank - 2], [2, 3, 4]][
    which
  ]!.filter((axis) => axis >= 0 && axis < rank);

const factor = oneOf(0.3, 0.5, 0.6, 0.77, 1, 1, 1.1, 1.3, 1.5, 2, 2.3, 3);
const resized = (least: number) =>
  fc
    .record({
      extents: fc.array(fc.integer({ min: 1, max: 9 }), { minLength: least, maxLength: 5 }),
      factors: fc.array(factor, { minLength: 5, maxLength: 5 }),
      which: fc.nat(5),
    })
    .map(({ extents, factors, which }) => {
      const axes = changedAxes(extents.length, which);
      const scales = extents.map((d, i) => (axes.includes(i) ? Math.max(factors[i]!, 1 / d + 1e-6) : 1));
      return { shape: extents, axes, scales };
    });

/** Upsample, and Resize of operator set 10. */
const resizeOld = (opset: number) =>
  fc
    .tuple(resized(2), oneOf("nearest", "linear"))
    .chain(([{ shape, scales }, mode]) => tensor(shape).map((x) => form(opset, [x, floats(scales)], { mode })));

const resize = fc
  .record({
    what: resized(1),
    mode: oneOf("nearest", "linear", "cubic"),
    coordinates: oneOf(
      "half_pixel",
      "pytorch_half_pixel",
      "align_corners",
      "asymmetric",
      "half_pixel_symmetric",
      "tf_crop_and_resize",
      undefined,
    ),
    nearest: oneOf("round_prefer_floor", "round_prefer_ceil", "floor", "ceil", undefined),
    bySizes: fc.boolean(),
    someAxes: fc.boolean(),
    policy: oneOf(undefined, "stretch", "not_larger", "not_smaller"),
    antialias: oneOf(undefined, undefined, 1),
    outside: oneOf(undefined, undefined, 1),
    coefficient: oneOf(undefined, -0.5),
    opset: oneOf(11, 13, 18, 19, 23),
  })
  .chain(({ what, bySizes, someAxes, opset, coordinates, ...more }) => {
    const { shape, axes, scales } = what;
    const listed = someAxes && opset >= 18 && axes.length > 0 ? axes : shape.map((_, i) => i);
    const sizes = listed.map((axis) => Math.max(1, Math.floor(Math.fround(shape[axis]! * Math.fround(scales[axis]!)))));
    const empty = opset < 13 ? floats([]) : undefined;
    const region = floats([...listed.map(() => 0.1), ...listed.map(() => 0.8)]);
    const roi = coordinates === "tf_crop_and_resize" ? region : empty;
    return tensor(shape).map((x) =>
      form(opset, bySizes ? [x, roi, empty, ints(sizes)] : [x, roi, floats(listed.map((axis) => scales[axis]!))], {
        mode: more.mode,
        coordinate_transformation_mode: coordinates,
        nearest_mode: more.nearest,
        exclude_outside: more.mode === "cubic" ? more.outside : undefined,
        cubic_coeff_a: float(more.coefficient),
        ...(opset >= 18 && {
          axes: listed.length < shape.length ? listed : undefined,
          keep_aspect_ratio_policy: bySizes ? more.policy : undefined,
          antialias: more.mode === "nearest" ? undefined : more.antialias,
        }),
      }),
    );
  });

const gather = fc
  .tuple(shapeOf(1, 3), shapeOf(0, 2), sets(9), oneOf<DType>("int64", "int32"), fc.boolean())
  .chain(([shape, picked, opset, dtype, known]) =>
    axisOf(shape).chain((axis) =>
      fc
        .tuple(tensor(shape), indices(picked, shape.at(axis)!, dtype))
        .map(([x, i]) => form(opset, [x, known ? fixed(i) : i], { axis })),
    ),
  );
const gatherElements = fc
  .tuple(shapeOf(1, 3), sets(11), fc.nat(1))
  .chain(([shape, opset, by]) =>
    axisOf(shape).chain((axis) =>
      fc
        .tuple(tensor(shape), indices(within(shape, by), shape.at(axis)!))
        .map((inputs) => form(opset, inputs, { axis })),
    ),
  );
const reductions = oneOf("none", "add", "mul", "max", "min", undefined);
const scatterElements = (least: number, most: number) =>
  fc
    .tuple(shapeOf(1, 3), sets(least, most), oneOf<DType>("float32", "int64"), reductions, fc.nat(1))
    .chain(([shape, opset, dtype, reduction, by]) =>
      axisOf(shape).chain((axis) => {
        const part = within(shape, by);
        return fc
          .tuple(tensor(shape, dtype), indices(part, shape.at(axis)!), tensor(part, dtype))
          .map((inputs) => form(opset, inputs, { axis, reduction: opset >= 16 ? reduction : undefined }));
      }),
    );
const scatterND = fc
  .tuple(shapeOf(1, 3), sets(11), reductions, extent)
  .chain(([shape, opset, reduction, count]) =>
    fc
      .tuple(tensor(shape), indices([count, 1], shape[0]!), tensor([count, ...shape.slice(1)]))
      .map((inputs) => form(opset, inputs, { reduction: opset >= 16 ? reduction : undefined })),
  );
const oneHot = fc
  .tuple(shapeOf(1, 2), sets(9), oneOf(undefined, 0, -1))
  .chain(([shape, opset, axis]) =>
    indices(shape, 6).map((i) => form(opset, [i, scalar(4, "int64"), fixed({ ...floats([-1, 2]) })], { axis })),
  );
const range = fc
  .tuple(
    oneOf<DType>("float32", "int64"),
    fc.integer({ min: -9, max: 9 }),
    fc.integer({ min: -9, max: 9 }),
    oneOf(1, 2, 0.3, -1, -0.7),
  )
  .map(([dtype, start, limit, step]) => {
    const number = (x: number) => scalar(dtype === "int64" ? Math.round(x) || 1 : x * 1.1, dtype);
    return form(11, [number(start), number(limit), number(step)]);
  });
const powers = fc
  .tuple(oneOf<DType>("float32", "int32", "int64"), oneOf<DType>("float32", "int32", "int64"), sets(12))
  .chain(([base, exponent, opset]) =>
    fc
      .tuple(tensor([5], base), tensor([5], exponent, 0, 0.7))
      .map(([x, y]) => form(opset, [x, { ...y, values: y.values.map(Math.abs) }])),
  );
const reshape = fc
  .tuple(sets(9), oneOf([0, -1], [2, 0, -1], [6], [-1], [1, 6, 1]))
  .chain(([opset, target]) => tensor([2, 3]).map((x) => form(opset, [x, ints(target)])));
const noAxes = fc
  .tuple(sets(13), oneOf(0, 1), oneOf(0, 1, undefined))
  .chain(([opset, keepdims, noop]) =>
    tensor([2, 3]).map((x) => form(opset, [x, ints([])], { keepdims, noop_with_empty_axes: noop })),
  );
const pooledWhole = fc
  .tuple(shapeOf(3, 5), sets(9))
  .chain(([shape, opset]) => tensor(shape).map((x) => form(opset, [x])));
const castLike = fc
  .tuple(oneOf<DType>("float32", "int64", "bool"), oneOf<DType>("float32", "int32", "bool", "uint8"), sets(15))
  .chain(([from, to, opset]) => fc.tuple(tensor([6], from, 0), tensor([1], to)).map((inputs) => form(opset, inputs)));
const byDefault = (least: number) => sets(least).chain((opset) => tensor([9]).map((x) => form(opset, [x])));

const REDUCTIONS = ["Mean", "Max", "Min", "Prod", "L1", "L2", "SumSquare", "LogSumExp"];

/** Forms of operator sets before 18. */
export const OLD_FORMS: Readonly<Record<string, Forms>> = {
  ...Object.fromEntries(REDUCTIONS.map((name) => [`Reduce${name}`, [`Reduce${name}`, axesAsAttribute()] as const])),
  ReduceSum: ["ReduceSum", axesAsAttribute().map((x) => ({ ...x, opset: Math.min(x.opset, 12) }))],
  ReduceLogSum: ["ReduceLogSum", axesAsAttribute(0.1)],
  Squeeze: ["Squeeze", squeezed],
  Unsqueeze: ["Unsqueeze", unsqueezed],
  Split: ["Split", splitOld],
  Clip: ["Clip", clipOld],
  Pad: ["Pad", padOld],
  Slice: ["Slice", sliceOld],
  Softmax: ["Softmax", softmaxOld],
  LogSoftmax: ["LogSoftmax", softmaxOld],
  Scatter: ["Scatter", scatterElements(9, 10)],
  Upsample: ["Upsample", resizeOld(9)],
  "Resize of operator set 10": ["Resize", resizeOld(10)],
};

/** Forms of all operator sets. */
export const FORMS: Readonly<Record<string, Forms>> = {
  ...Object.fromEntries(["Sum", "Mean", "Max", "Min"].map((op) => [op, [op, variadic] as const])),
  GlobalMaxPool: ["GlobalMaxPool", pooledWhole],
  GlobalAveragePool: ["GlobalAveragePool", pooledWhole],
  CastLike: ["CastLike", castLike],
  Clip: ["Clip", clip],
  Pad: ["Pad", pad],
  TopK: ["TopK", topK],
  Dropout: ["Dropout", dropout],
  BatchNormalization: ["BatchNormalization", batchNormalization],
  GroupNormalization: ["GroupNormalization", groupNormalization],
  LayerNormalization: ["LayerNormalization", overLastAxes(17, true)],
  RMSNormalization: ["RMSNormalization", overLastAxes(23, false)],
  MaxPool: ["MaxPool", pool(false)],
  AveragePool: ["AveragePool", pool(true)],
  Conv: ["Conv", convolution(false)],
  ConvTranspose: ["ConvTranspose", convolution(true)],
  Resize: ["Resize", resize],
  Gather: ["Gather", gather],
  GatherElements: ["GatherElements", gatherElements],
  ScatterElements: ["ScatterElements", scatterElements(11, 23)],
  ScatterND: ["ScatterND", scatterND],
  OneHot: ["OneHot", oneHot],
  Range: ["Range", range],
  Pow: ["Pow", powers],
  Reshape: ["Reshape", reshape],
  "ReduceSum over no axes": ["ReduceSum", noAxes],
  ...Object.fromEntries(
    [
      ["LeakyRelu", 9],
      ["Elu", 9],
      ["Selu", 9],
      ["HardSigmoid", 9],
      ["ThresholdedRelu", 10],
      ["Celu", 12],
      ["HardSwish", 14],
      ["Mish", 18],
      ["Gelu", 20],
    ].map(([op, least]) => [`${op} without attributes`, [op, byDefault(least as number)] as Forms]),
  ),
};
