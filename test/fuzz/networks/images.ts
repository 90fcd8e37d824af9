import { sizeOf } from "#src/graph/shape.js";
import type { Choices } from "../choices.js";
import { float, type Made, type Step } from "./growing.js";

const isImage = (x: Made): boolean => x.shape.length === 4;

const image =
  (step: Step, since = 1): Step =>
  (x, c, net) =>
    isImage(x) && net.opset >= since ? step(x, c, net) : undefined;

const divisors = (n: number) => Array.from({ length: n }, (_, i) => i + 1).filter((d) => n % d === 0);

interface Window {
  readonly attributes: Record<string, number | string | readonly number[]>;
  readonly kernel: readonly number[];
  /** Extents of the output. */
  readonly out: readonly number[];
}

/** A window that lies somewhere on the map; `most` limits the padding to what pools allow. */
function windowOf(
  x: Made,
  c: Choices,
  { dilates = true, ceils = false, opset = 0 }: { dilates?: boolean; ceils?: boolean; opset?: number },
): Window {
  const extents = x.shape.slice(2);
  const kernel = extents.map((d) => 1 + c.below(Math.min(3, d)));
  const strides = extents.map(() => 1 + c.below(3));
  const auto = c.pick(["NOTSET", "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"]);
  if (auto.startsWith("SAME")) {
    // onnxruntime refuses strides beyond the kernel here: the padding would be negative.
    const least = strides.map((s, i) => Math.min(s, kernel[i]!));
    return {
      attributes: { kernel_shape: kernel, strides: least, auto_pad: auto },
      kernel,
      out: extents.map((d, i) => Math.ceil(d / least[i]!)),
    };
  }
  const before = kernel.map((k) => (auto === "VALID" ? 0 : c.below(k)));
  const after = kernel.map((k) => (auto === "VALID" ? 0 : c.below(k)));
  const room = extents.map((d, i) => d + before[i]! + after[i]!);
  const dilations = kernel.map((k, i) => (dilates && k > 1 && 2 * (k - 1) + 1 <= room[i]! ? 1 + c.below(2) : 1));
  const reach = kernel.map((k, i) => (k - 1) * dilations[i]! + 1);
  const wanted = ceils && c.flag();
  const steps = room.map((d, i) => (d - reach[i]!) / strides[i]!);
  // A last window must begin within the map or the padding before it.
  const isClipped = (i: number) => Math.ceil(steps[i]!) * strides[i]! >= extents[i]! + before[i]!;
  // Before operator set 22 ONNX's own inference counts such a window, and onnxruntime may refuse the file.
  const ceil = wanted && (opset >= 22 || !extents.some((_, i) => isClipped(i)));
  const out = steps.map((n, i) => (ceil ? Math.ceil(n) - Number(isClipped(i)) : Math.floor(n)) + 1);
  return {
    attributes: {
      kernel_shape: kernel,
      strides,
      ...(auto === "VALID" ? { auto_pad: auto } : { pads: [...before, ...after] }),
      ...(dilations.some((d) => d > 1) && { dilations }),
      ...(ceil && { ceil_mode: 1 }),
    },
    kernel,
    out,
  };
}

const conv: Step = (x, c, net) => {
  const channels = x.shape[1]!;
  const group = c.pick(divisors(channels));
  const out = group * (1 + c.below(3));
  const { attributes, kernel, out: extents } = windowOf(x, c, {});
  const weight = net.weights([out, channels / group, ...kernel], (channels / group) * sizeOf(kernel));
  const bias = c.flag() ? [net.weights([out], 9)] : [];
  return net.add("Conv", [x, weight, ...bias], { ...attributes, ...(group > 1 && { group }) }, [1, out, ...extents]);
};

const transposed: Step = (x, c, net) => {
  const [, channels, ...extents] = x.shape as [number, number, ...number[]];
  if (sizeOf(extents) > 150) return undefined;
  const group = c.pick(divisors(channels));
  const out = group * (1 + c.below(2));
  const kernel = extents.map(() => 1 + c.below(3));
  const strides = extents.map(() => 1 + c.below(2));
  const dilations = kernel.map(() => 1 + c.below(2));
  const extra = strides.map((s) => c.below(s));
  const reach = kernel.map((k, i) => (k - 1) * dilations[i]! + 1);
  const pads = [...kernel, ...kernel].map((k) => c.below(k));
  const sizes = extents.map(
    (d, i) => strides[i]! * (d - 1) + extra[i]! + reach[i]! - pads[i]! - pads[i + extents.length]!,
  );
  if (sizes.some((d) => d < 1)) return undefined;
  const weight = net.weights([channels, out / group, ...kernel], (channels / group) * sizeOf(kernel));
  const attributes = { kernel_shape: kernel, strides, dilations, output_padding: extra, pads, group };
  const bias = c.flag() ? [net.weights([out], 9)] : [];
  return net.add("ConvTranspose", [x, weight, ...bias], attributes, [1, out, ...sizes]);
};

const pool =
  (op: "MaxPool" | "AveragePool"): Step =>
  (x, c, net) => {
    const ceils = net.opset >= 10;
    const dilates = net.opset >= (op === "MaxPool" ? 10 : 19);
    const { attributes, out } = windowOf(x, c, { ceils, dilates, opset: net.opset });
    const counted = op === "AveragePool" && c.flag() ? { count_include_pad: 1 } : {};
    return net.add(op, [x], { ...attributes, ...counted }, [1, x.shape[1]!, ...out]);
  };

const batchNorm: Step = (x, c, net) => {
  const shape = [x.shape[1]!];
  const of = (low: number, high: number) => net.constant(shape, net.numbers(shape, low, high));
  const given = [of(0.5, 1.5), of(-0.5, 0.5), of(-0.5, 0.5), of(0.3, 2)];
  return net.add("BatchNormalization", [x, ...given], c.flag() ? { epsilon: float(1e-3) } : {}, x.shape);
};

const instanceNorm: Step = (x, _, net) => {
  const shape = [x.shape[1]!];
  const scale = net.constant(shape, net.numbers(shape, 0.5, 1.5));
  return net.add("InstanceNormalization", [x, scale, net.weights(shape, 9)], { epsilon: float(0.01) }, x.shape);
};

const groupNorm: Step = (x, c, net) => {
  const channels = x.shape[1]!;
  const num_groups = c.pick(divisors(channels));
  const shape = [net.opset >= 21 ? channels : num_groups];
  const scale = net.constant(shape, net.numbers(shape, 0.5, 1.5));
  const attributes = { num_groups, epsilon: float(0.01) };
  return net.add("GroupNormalization", [x, scale, net.weights(shape, 9)], attributes, x.shape);
};

/** A normalisation over channels, pixels or both, written out. */
const writtenNorm: Step = (x, c, net) => {
  const axes = c.pick([[1], [2, 3], [1, 2, 3]]);
  const centred = net.binary("Sub", x, net.reduce("ReduceMean", x, axes, 1));
  const square = c.flag() ? net.binary("Mul", centred, centred) : net.binary("Pow", centred, 2);
  const deviation = net.unary("Sqrt", net.binary("Add", net.reduce("ReduceMean", square, axes, 1), 0.01));
  const shape = [x.shape[1]!, 1, 1];
  const scaled = net.binary(
    "Mul",
    net.binary("Div", centred, deviation),
    net.constant(shape, net.numbers(shape, 0.5, 1.5)),
  );
  return net.binary("Add", scaled, net.weights(shape, 9));
};

const resize: Step = (x, c, net) => {
  const extents = x.shape.slice(2);
  if (sizeOf(extents) > 120) return undefined;
  const scales = extents.map(() => c.pick([2, 1.5, 1, 0.5, 1.1, 0.7, 2.3]));
  const sizes = extents.map((d, i) => Math.floor(Math.fround(d * Math.fround(scales[i]!))));
  if (sizes.some((d) => d < 1)) return undefined;
  const shape = [...x.shape.slice(0, 2), ...sizes];
  const factors = net.constant([4], [1, 1, ...scales]);
  if (net.opset < 11) {
    const op = net.opset < 10 ? "Upsample" : "Resize";
    if (op === "Upsample" && scales.some((s) => s < 1)) return undefined;
    return net.add(op, [x, factors], { mode: c.pick(["nearest", "linear"]) }, shape);
  }
  const mode = c.pick(["nearest", "linear", "cubic"]);
  const coordinates = c.pick([
    "half_pixel",
    "asymmetric",
    "align_corners",
    "pytorch_half_pixel",
    ...(net.opset >= 19 ? ["half_pixel_symmetric"] : []),
  ]);
  const attributes = {
    mode,
    coordinate_transformation_mode: coordinates,
    ...(mode === "nearest" && { nearest_mode: c.pick(["round_prefer_floor", "floor", "ceil", "round_prefer_ceil"]) }),
    ...(mode === "cubic" && { cubic_coeff_a: float(c.pick([-0.75, -0.5])), exclude_outside: c.below(2) }),
    ...(net.opset >= 18 && mode !== "nearest" && { antialias: c.below(2) }),
  };
  const nothing = net.opset < 13 ? net.constant([0], []) : "";
  if (c.flag()) return net.add("Resize", [x, nothing, factors], attributes, shape);
  const given = net.ints(...shape);
  const skipped = net.opset < 13 ? net.constant([0], []) : "";
  return net.add("Resize", [x, nothing, skipped, given], attributes, shape);
};

const pad: Step = (x, c, net) => {
  const mode = c.pick(["constant", "reflect", "edge", ...(net.opset >= 19 ? ["wrap"] : [])]);
  const most = Math.min(3, ...x.shape.slice(2));
  const [a, b, d, e] = [c.below(most), c.below(most), c.below(most), c.below(most)];
  const pads = [0, 0, a, b, 0, 0, d, e];
  const shape = [...x.shape.slice(0, 2), x.shape[2]! + a + d, x.shape[3]! + b + e];
  const value = mode === "constant" && c.flag() ? 0.3 : undefined;
  if (net.opset < 11)
    return net.add("Pad", [x], { mode, pads, value: value === undefined ? undefined : float(value) }, shape);
  return net.add("Pad", [x, net.ints(...pads), ...(value === undefined ? [] : [net.scalar(value)])], { mode }, shape);
};

const skip: Step = (x, c, net) => {
  const channels = x.shape[1]!;
  const inner = net.add("Conv", [x, net.weights([channels, channels, 1, 1], channels)], {}, x.shape);
  return c.flag() ? net.add("Sum", [inner, x], {}, x.shape) : net.binary("Add", x, net.unary("Relu", inner));
};

/** Channels weighed by what the whole map holds. */
const excited: Step = (x, c, net) => {
  const channels = x.shape[1]!;
  const shape = [1, channels, 1, 1];
  const pooled = net.add(c.pick(["GlobalAveragePool", "GlobalMaxPool"]), [x], {}, shape);
  const gate = net.add("Conv", [pooled, net.weights([channels, channels, 1, 1], channels)], {}, shape);
  return net.binary("Mul", x, net.unary("Sigmoid", gate));
};

/** Channels last, something done, and back. */
const channelsLast: Step = (x, c, net) => {
  const last = net.transpose(x, [0, 2, 3, 1]);
  const channels = x.shape[1]!;
  const done = c.flag()
    ? net.add("MatMul", [last, net.weights([channels, channels], channels)], {}, last.shape)
    : net.binary("Add", last, net.weights([channels], 4));
  return net.transpose(done, [0, 3, 1, 2]);
};

const toDepth: Step = (x, _, net) => {
  const [, channels, h, w] = x.shape as [number, number, number, number];
  return h % 2 || w % 2 ? undefined : net.add("SpaceToDepth", [x], { blocksize: 2 }, [1, 4 * channels, h / 2, w / 2]);
};

const toSpace: Step = (x, c, net) => {
  const [, channels, h, w] = x.shape as [number, number, number, number];
  if (channels % 4 || h * w > 60) return undefined;
  const mode = net.opset >= 11 ? { mode: c.pick(["DCR", "CRD"]) } : {};
  return net.add("DepthToSpace", [x], { blocksize: 2, ...mode }, [1, channels / 4, 2 * h, 2 * w]);
};

const cut: Step = (x, c, net) => {
  const [, channels, h, w] = x.shape as [number, number, number, number];
  if (h < 3 || w < 3) return undefined;
  const from = [c.below(2), c.below(2)];
  const shape = [1, channels, h - 1 - from[0]!, w - 1 - from[1]!];
  if (net.opset < 10) return net.add("Slice", [x], { axes: [2, 3], starts: from, ends: [h - 1, w - 1] }, shape);
  return net.add("Slice", [x, net.ints(...from), net.ints(-1, -1), net.ints(2, -1)], {}, shape);
};

/** Steps from a feature map to a feature map. */
export const IMAGES: Readonly<Record<string, Step>> = {
  conv: image(conv),
  "transposed conv": image(transposed),
  "max pool": image(pool("MaxPool")),
  "average pool": image(pool("AveragePool")),
  "batch norm": image(batchNorm),
  "instance norm": image(instanceNorm),
  "group norm": image(groupNorm, 18),
  "norm written out": image(writtenNorm),
  resize: image(resize),
  pad: image(pad),
  skip: image(skip),
  excited: image(excited),
  "channels last": image(channelsLast),
  "space to depth": image(toDepth),
  "depth to space": image(toSpace),
  cut: image(cut),
};

const points: Step = (x, c, net) => {
  const [, channels, h, w] = x.shape as [number, number, number, number];
  const logits = net.binary("Mul", net.reshape(x, [channels, h * w], [c.pick([channels, -1]), h * w]), c.pick([1, 4]));
  const attention = net.unary("Softmax", logits, c.flag() || net.opset < 13 ? { axis: 1 } : { axis: -1 });
  const grid = net.constant([h * w, 2], net.numbers([h * w, 2]));
  return net.reshape(net.add("MatMul", [attention, grid], {}, [channels, 2]), [1, 2 * channels]);
};

const flat: Step = (x, c, net) => {
  const size = sizeOf(x.shape);
  return c.flag() ? net.reshape(x, [1, size], [0, -1]) : net.add("Flatten", [x], { axis: 1 }, [1, size]);
};

const pooled: Step = (x, c, net) => {
  const channels = x.shape[1]!;
  const op = c.pick(["GlobalAveragePool", "GlobalMaxPool", "ReduceMean", "ReduceMax", "ReduceL2", "ReduceLogSumExp"]);
  if (op.startsWith("Reduce")) return net.reduce(op, x, [2, 3], 0);
  return net.add("Flatten", [net.add(op, [x], {}, [1, channels, 1, 1])], {}, [1, channels]);
};

/** Pixels in their order, each with its channels: [1, H·W, C], at most some. */
const tokens: Step = (x, _, net) => {
  const [, channels, h, w] = x.shape as [number, number, number, number];
  return h * w > 40 ? undefined : net.transpose(net.reshape(x, [1, channels, h * w], [1, channels, -1]), [0, 2, 1]);
};

/** Steps from a feature map to features [1, n] or tokens [1, T, n]. */
export const JOINS: Readonly<Record<string, Step>> = { flat, points, pooled, tokens };
