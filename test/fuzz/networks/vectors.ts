import { sizeOf } from "#src/graph/shape.js";
import type { Choices } from "../choices.js";
import { float, type Growing, type Made, type Step } from "./growing.js";

/** Dense layers and what else reads features [1, n] or rows of them [1, T, n]. */

const widthOf = (x: Made): number => x.shape.at(-1)!;
const rows = (x: Made, width: number): number[] => [...x.shape.slice(0, -1), width];

const isVector = (x: Made): boolean => x.shape.length === 2;

const vector =
  (step: Step, since = 1): Step =>
  (x, c, net) =>
    isVector(x) && net.opset >= since ? step(x, c, net) : undefined;

const rowwise =
  (step: Step, since = 1): Step =>
  (x, c, net) =>
    x.shape.length < 4 && net.opset >= since ? step(x, c, net) : undefined;

/** x · W + b, as a Gemm with any of its attributes or as MatMul and Add. */
export function dense(x: Made, out: number, c: Choices, net: Growing): Made {
  const width = widthOf(x);
  if (!isVector(x) || c.flag()) {
    const product = net.add("MatMul", [x, net.weights([width, out], width)], {}, rows(x, out));
    return c.flag() ? net.binary("Add", product, net.weights([out], 9)) : product;
  }
  const transB = c.below(2);
  const weight = net.weights(transB ? [out, width] : [width, out], width);
  const factors = c.pick([{}, { alpha: float(0.5), beta: float(2) }, { alpha: float(-1.5) }]);
  const bias = c.pick([[], [net.weights([out], 9)], [net.weights([1, out], 9)]]);
  if (c.flag()) {
    const turned = net.transpose(x, [1, 0]);
    return net.add("Gemm", [turned, weight, ...withBias(net, bias, out)], { transA: 1, transB, ...factors }, [1, out]);
  }
  return net.add("Gemm", [x, weight, ...withBias(net, bias, out)], { transB, ...factors }, [1, out]);
}

/** Before operator set 11 a Gemm needs its bias. */
const withBias = (net: Growing, bias: readonly Made[], out: number): readonly Made[] =>
  bias.length === 0 && net.opset < 11 ? [net.weights([out], 9)] : bias;

const layerNorm: Step = (x, c, net) => {
  const shape = [widthOf(x)];
  const scale = net.constant(shape, net.numbers(shape, 0.5, 1.5));
  const bias = c.flag() ? [net.weights(shape, 9)] : [];
  return net.add("LayerNormalization", [x, scale, ...bias], { axis: -1, epsilon: float(0.01) }, x.shape);
};

const rmsNorm: Step = (x, _, net) => {
  const shape = [widthOf(x)];
  const scale = net.constant(shape, net.numbers(shape, 0.5, 1.5));
  return net.add("RMSNormalization", [x, scale], { axis: -1, epsilon: float(0.01) }, x.shape);
};

const writtenNorm: Step = (x, c, net) => {
  const centred = c.flag() ? x : net.binary("Sub", x, net.reduce("ReduceMean", x, [-1], 1));
  const mean = net.reduce("ReduceMean", net.binary("Mul", centred, centred), [-1], 1);
  const deviation = net.unary("Sqrt", net.binary("Add", mean, 0.02));
  const shape = [widthOf(x)];
  const normal = c.flag()
    ? net.binary("Div", centred, deviation)
    : net.binary("Mul", centred, net.unary("Reciprocal", deviation));
  return net.binary(
    "Add",
    net.binary("Mul", normal, net.constant(shape, net.numbers(shape, 0.5, 1.5))),
    net.weights(shape, 9),
  );
};

const softmax: Step = (x, c, net) =>
  net.unary(
    c.pick(["Softmax", "LogSoftmax"]),
    x,
    net.opset < 13 ? { axis: x.shape.length - 1 } : c.pick([{}, { axis: -1 }]),
  );

const skip: Step = (x, c, net) => net.binary("Add", x, dense(x, widthOf(x), c, net));

/** Half of the features gates the other. */
const gated: Step = (x, c, net) => {
  const width = widthOf(x);
  const [a, b] = split(net, dense(x, 2 * width, c, net), [width, width], c);
  return net.binary("Mul", a!, net.unary(c.pick(["Sigmoid", "Tanh"]), b!));
};

/** A Split of the last axis, its sizes an attribute, an input or left out. */
function split(net: Growing, x: Made, sizes: readonly number[], c: Choices): Made[] {
  const shapes = sizes.map((size) => rows(x, size));
  const axis = c.pick([-1, x.shape.length - 1]);
  const isEven = sizes.every((size) => size === sizes[0]);
  if (isEven && c.flag())
    return net.addMany("Split", [x], { axis, ...(net.opset >= 18 && { num_outputs: sizes.length }) }, shapes);
  return net.opset < 13
    ? net.addMany("Split", [x], { axis, split: sizes }, shapes)
    : net.addMany("Split", [x, net.ints(...sizes)], { axis }, shapes);
}

const parted: Step = (x, c, net) => {
  const width = widthOf(x);
  if (width < 2) return undefined;
  const first = 1 + c.below(width - 1);
  const [a, b] = split(net, x, [first, width - first], c);
  return net.add("Concat", [b!, net.unary("Neg", a!), b!], { axis: -1 }, rows(x, 2 * width - first));
};

const sliced: Step = (x, c, net) => {
  const width = widthOf(x);
  const axis = x.shape.length - 1;
  if (net.opset < 10) {
    const from = c.below(width);
    return net.add("Slice", [x], { axes: [axis], starts: [from], ends: [2 ** 31 - 1] }, rows(x, width - from));
  }
  const [start, end, step] = c.pick<readonly [number, number, number]>([
    [-1, -(2 ** 31), -1],
    [0, 2 ** 31 - 1, 2],
    [-1, -(2 ** 31), -2],
  ]);
  const size = Math.ceil(width / Math.abs(step));
  return net.add("Slice", [x, net.ints(start), net.ints(end), net.ints(-1), net.ints(step)], {}, rows(x, size));
};

const gathered: Step = (x, c, net) => {
  const width = widthOf(x);
  const indices = [c.below(width), -1, c.below(width)].map((i) => (net.opset < 11 && i < 0 ? width + i : i));
  return net.add("Gather", [x, net.ints(...indices)], { axis: x.shape.length - 1 }, rows(x, 3));
};

const gatheredElements: Step = (x, c, net) => {
  const width = widthOf(x);
  const indices = [c.below(width), -1, c.below(width), 0];
  return net.add("GatherElements", [x, net.constant([1, 4], indices, "int64")], { axis: 1 }, [1, 4]);
};

const scattered: Step = (x, c, net) => {
  const width = widthOf(x);
  const at = [c.below(width)];
  const update = net.weights([1, 1]);
  const reduction =
    net.opset >= 18
      ? c.pick(["none", "add", "mul", "max", "min"])
      : net.opset >= 16
        ? c.pick(["none", "add", "mul"])
        : undefined;
  if (c.flag()) {
    const indices = net.constant([1, 2], [0, at[0]!], "int64");
    return net.add("ScatterND", [x, indices, net.weights([1])], { reduction }, x.shape);
  }
  return net.add("ScatterElements", [x, net.constant([1, 1], at, "int64"), update], { axis: 1, reduction }, x.shape);
};

const repeated: Step = (x, c, net) => {
  const width = widthOf(x);
  if (width > 24) return undefined;
  if (c.flag())
    return net.add(
      "Tile",
      [x, net.ints(...x.shape.map((_, i) => (i === x.shape.length - 1 ? 2 : 1)))],
      {},
      rows(x, 2 * width),
    );
  const wide = net.add("Expand", [net.reshape(x, [...x.shape, 1]), net.ints(...x.shape, 2)], {}, [...x.shape, 2]);
  return net.reshape(wide, rows(x, 2 * width));
};

const running: Step = (x, c, net) =>
  net.binary(
    "Mul",
    net.add(
      "CumSum",
      [x, net.constant([], [x.shape.length - 1], "int64")],
      { exclusive: c.below(2), reverse: c.below(2) },
      x.shape,
    ),
    0.3,
  );

const highest: Step = (x, c, net) => {
  const k = Math.min(3, widthOf(x));
  const attributes = { axis: -1, ...(net.opset >= 11 && { largest: c.below(2) }) };
  const shapes = [rows(x, k), undefined];
  return net.opset < 10
    ? net.addMany("TopK", [x], { ...attributes, k }, [rows(x, k), rows(x, k)])[0]
    : net.addMany("TopK", [x, net.ints(k)], attributes, [shapes[0], rows(x, k)])[0];
};

const reduced: Step = (x, c, net) => {
  const op = c.pick([
    "ReduceSum",
    "ReduceMean",
    "ReduceMax",
    "ReduceMin",
    "ReduceL1",
    "ReduceL2",
    "ReduceSumSquare",
    "ReduceLogSumExp",
    "ReduceProd",
  ]);
  const one = net.reduce(op, x, [-1], 1);
  return net.add("Concat", [x, net.unary("Tanh", one)], { axis: x.shape.length - 1 }, rows(x, widthOf(x) + 1));
};

const multiplied: Step = (x, c, net) => {
  const width = widthOf(x);
  const out = 1 + c.below(4);
  const batch = x.shape.length === 3;
  const [equation, shape] = c.pick<readonly [string, readonly number[]]>([
    [batch ? "btn,nm->btm" : "bn,nm->bm", [width, out]],
    [batch ? "btn, mn -> btm" : "bn, mn -> bm", [out, width]],
    ["...n,nm", [width, out]],
  ]);
  return net.add("Einsum", [x, net.weights(shape, width)], { equation }, rows(x, out));
};

/** Shapes that are computed from the tensor's own, as exporters write `x.view(x.size(0), -1)`. */
const reshapedByShape: Step = (x, c, net) => {
  const dims = net.add("Shape", [x], {}, [x.shape.length]);
  const batch = net.add("Gather", [dims, net.constant([], [0], "int64")], { axis: 0 }, []);
  const first =
    net.opset < 13
      ? net.add("Unsqueeze", [batch], { axes: [0] }, [1])
      : net.add("Unsqueeze", [batch, net.ints(0)], {}, [1]);
  const wanted = net.add("Concat", [first, net.ints(-1)], { axis: 0 }, [2]);
  const flat = net.add("Reshape", [x, wanted], {}, [1, sizeOf(x.shape)]);
  return c.flag() ? net.binary("Mul", flat, 1.5) : flat;
};

const squeezed: Step = (x, c, net) => {
  const shape = [1, ...x.shape];
  const up =
    net.opset < 13
      ? net.add("Unsqueeze", [x], { axes: [0] }, shape)
      : net.add("Unsqueeze", [x, net.ints(0)], {}, shape);
  const scaled = net.binary("Mul", up, c.pick([1, -0.8]));
  return net.opset < 13
    ? net.add("Squeeze", [scaled], { axes: [0] }, x.shape)
    : net.add("Squeeze", [scaled, net.ints(0)], {}, x.shape);
};

const passed: Step = (x, c, net) => {
  const op = c.pick(["Identity", "Dropout", "Cast", "Cast to double"]);
  if (op === "Cast") return net.add("Cast", [x], { to: 1 }, x.shape);
  if (op === "Cast to double") return net.add("Cast", [net.add("Cast", [x], { to: 11 }, x.shape)], { to: 1 }, x.shape);
  return net.unary(op, x);
};

const compared: Step = (x, c, net) => {
  const other = dense(x, widthOf(x), c, net);
  if (c.flag()) return net.add(c.pick(["Max", "Min"]), [x, other, net.weights([1])], {}, x.shape);
  return net.add("Where", [net.binary("Greater", x, other), x, other], {}, x.shape);
};

const quotient: Step = (x, c, net) =>
  net.binary("Div", x, net.binary("Add", net.unary("Abs", dense(x, widthOf(x), c, net)), 1));

const averaged: Step = (x, c, net) =>
  net.add(c.pick(["Mean", "Sum"]), [x, dense(x, widthOf(x), c, net), net.weights([1])], {}, x.shape);

const scaled: Step = (x, c, net) => {
  const shape = c.pick([[widthOf(x)], [1], []]);
  const by = net.constant(shape, net.numbers(shape, 0.4, 2));
  return net.binary(c.pick(["Mul", "Div", "Add", "Sub"]), x, by);
};

/** Steps from features to features, the batch kept. */
export const VECTORS: Readonly<Record<string, Step>> = {
  dense: rowwise((x, c, net) => dense(x, 2 + c.below(6), c, net)),
  "layer norm": rowwise(layerNorm, 17),
  "root mean square norm": rowwise(rmsNorm, 23),
  "norm of rows written out": rowwise(writtenNorm),
  softmax: rowwise(softmax),
  "skip of features": rowwise(skip),
  gated: rowwise(gated),
  parted: rowwise(parted),
  sliced: rowwise(sliced),
  gathered: rowwise(gathered),
  "gathered elements": vector(gatheredElements, 11),
  scattered: vector(scattered, 11),
  repeated: rowwise(repeated),
  running: rowwise(running, 11),
  highest: rowwise(highest),
  reduced: rowwise(reduced),
  multiplied: rowwise(multiplied, 12),
  "reshaped by shape": reshapedByShape,
  squeezed,
  passed,
  compared: rowwise(compared),
  quotient: rowwise(quotient),
  averaged: rowwise(averaged),
  scaled: rowwise(scaled),
};
