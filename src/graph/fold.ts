import { type DType, dtypeOf } from "./dtype.js";
import { Literal } from "./literal.js";
import { reducedAxes } from "./operators/reduction.js";
import { Inference } from "./operators/spec.js";
import { sliceRanges, splitSizes } from "./operators/structural.js";
import { normalizeAxis, type Shape, sizeOf, stridesOf } from "./shape.js";
import type { Node, Value } from "./value.js";

/**
 * Evaluates nodes on constants: shape chains, gathered indices, normalisation constants, transposed weights.
 * Floating point is rounded to the element type after every operation, as a runtime does.
 */

type Evaluate = (node: Node, inputs: readonly (Literal | undefined)[], inference: Inference) => Literal[] | undefined;

const roundTo: Partial<Record<DType, (x: number) => number>> = {
  float32: Math.fround,
  int64: Math.trunc,
  int32: Math.trunc,
};

const make = (dtype: DType, shape: Shape, values: ArrayLike<number>) => [Literal.from(dtype, shape, values)];

/** Reads `source` at every index of a `shape`d result: offset + Σ index·step. */
function strided(source: ArrayLike<number>, shape: Shape, steps: readonly number[], offset = 0): Float64Array {
  const out = new Float64Array(sizeOf(shape));
  const index = new Array<number>(shape.length).fill(0);
  let at = offset;
  for (let i = 0; i < out.length; i++) {
    out[i] = source[at]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      index[axis]! += 1;
      at += steps[axis]!;
      if (index[axis]! < shape[axis]!) break;
      at -= steps[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return out;
}

/** The elements of `literal` broadcast to `shape`. */
function broadcastTo(literal: Literal, shape: Shape): Float64Array {
  const strides = stridesOf(literal.shape);
  const extra = shape.length - literal.shape.length;
  const steps = shape.map((_, i) => (i < extra || literal.shape[i - extra] === 1 ? 0 : strides[i - extra]!));
  return strided(literal.numbers(), shape, steps);
}

const elementwise =
  (fn: (...x: number[]) => number): Evaluate =>
  (node, inputs) => {
    const { shape, dtype } = node.outputs[0]!;
    const columns = inputs.map((literal) => broadcastTo(literal!, shape));
    const round = roundTo[dtype] ?? ((x: number) => x);
    const x = new Array<number>(columns.length);
    const values = new Float64Array(sizeOf(shape));
    for (let i = 0; i < values.length; i++) {
      for (let k = 0; k < x.length; k++) x[k] = columns[k]![i]!;
      values[i] = round(fn(...x));
    }
    return make(dtype, shape, values);
  };

/** Elements that a constant may have to be evaluated here; a larger one is left to the runtime. */
export const MOST_FOLDED = 2 ** 24;

/** Same bytes under another shape. */
const relabel: Evaluate = (node, [x]) => [new Literal(x!.dtype, node.outputs[0]!.shape, x!.bytes)];

const EVALUATE: Readonly<Record<string, Evaluate>> = {
  Identity: relabel,
  Dropout: relabel,
  Reshape: relabel,
  Flatten: relabel,
  Squeeze: relabel,
  Unsqueeze: relabel,
  Add: elementwise((a, b) => a + b),
  Sub: elementwise((a, b) => a - b),
  Mul: elementwise((a, b) => a * b),
  Div: elementwise((a, b) => a / b),
  Max: elementwise(Math.max),
  Min: elementwise(Math.min),
  Neg: elementwise((a) => -a),
  Abs: elementwise(Math.abs),
  Sqrt: elementwise(Math.sqrt),
  Floor: elementwise(Math.floor),
  Reciprocal: elementwise((a) => 1 / a),
  Equal: elementwise((a, b) => Number(a === b)),
  Greater: elementwise((a, b) => Number(a > b)),
  Less: elementwise((a, b) => Number(a < b)),
  Not: elementwise((a) => Number(!a)),
  Where: elementwise((c, a, b) => (c ? a : b)),
  Cast: (node, [x]) => {
    const to = dtypeOf(node.attributes.to as number)!;
    const round = to === "bool" ? (v: number) => Number(v !== 0) : (roundTo[to] ?? Math.trunc);
    const numbers = x!.numbers();
    return make(to, x!.shape, to === "float64" ? numbers : numbers.map(round));
  },
  Expand: (node, [x]) => make(x!.dtype, node.outputs[0]!.shape, broadcastTo(x!, node.outputs[0]!.shape)),
  Transpose: (node, [x]) => {
    const { shape } = node.outputs[0]!;
    const strides = stridesOf(x!.shape);
    const perm = (node.attributes.perm as readonly number[] | undefined) ?? shape.map((_, i) => shape.length - 1 - i);
    return make(
      x!.dtype,
      shape,
      strided(
        x!.numbers(),
        shape,
        perm.map((axis) => strides[axis]!),
      ),
    );
  },
  Slice: (node, [x], inference) => {
    const steps = stridesOf(x!.shape);
    let offset = 0;
    for (const { axis, start, step } of sliceRanges(inference)) {
      offset += start * steps[axis]!;
      steps[axis]! *= step;
    }
    return make(x!.dtype, node.outputs[0]!.shape, strided(x!.numbers(), node.outputs[0]!.shape, steps, offset));
  },
  Split: (node, [x], inference) => {
    const { axis, sizes } = splitSizes(inference);
    const strides = stridesOf(x!.shape);
    let start = 0;
    return node.outputs.map(({ shape }, i) => {
      const part = Literal.from(x!.dtype, shape, strided(x!.numbers(), shape, strides, start * strides[axis]!));
      start += sizes[i]!;
      return part;
    });
  },
  Concat: (node, inputs) => {
    const { shape, dtype } = node.outputs[0]!;
    const axis = normalizeAxis("Concat", node.attributes.axis as number, shape);
    const strides = stridesOf(shape);
    const out = new Float64Array(sizeOf(shape));
    let start = 0;
    for (const part of inputs) {
      const numbers = part!.numbers();
      const block = strides[axis]! * part!.shape[axis]!;
      for (let i = 0; i < numbers.length; i++)
        out[Math.floor(i / block) * strides[axis]! * shape[axis]! + start * strides[axis]! + (i % block)] = numbers[i]!;
      start += part!.shape[axis]!;
    }
    return make(dtype, shape, out);
  },
  Pad: (node, [x, , fill], inference) => {
    if ((node.attributes.mode ?? "constant") !== "constant") return undefined;
    const { shape } = node.outputs[0]!;
    const pads = inference.ints(1, "pads");
    if (pads.some((pad) => pad < 0)) return undefined;
    const axes = node.inputs[3] ? inference.ints(3, "axes") : x!.shape.map((_, i) => i);
    const begin = x!.shape.map(() => 0);
    axes.forEach((axis, i) => {
      begin[normalizeAxis("Pad", axis, x!.shape)] = pads[i]!;
    });
    const strides = stridesOf(shape);
    const out = new Float64Array(sizeOf(shape)).fill(fill?.scalar() ?? 0);
    const inner = stridesOf(x!.shape);
    x!.numbers().forEach((value, i) => {
      const at = strides.reduce((sum, stride, axis) => {
        const index = Math.floor(i / inner[axis]!) % x!.shape[axis]!;
        return sum + (index + begin[axis]!) * stride;
      }, 0);
      out[at] = value;
    });
    return make(x!.dtype, shape, out);
  },
  Gather: (node, [x, indices]) => {
    const axis = normalizeAxis("Gather", (node.attributes.axis as number | undefined) ?? 0, x!.shape);
    const inner = stridesOf(x!.shape)[axis]!;
    const extent = x!.shape[axis]!;
    const numbers = x!.numbers();
    const picks = indices!.numbers();
    const out = new Float64Array(sizeOf(node.outputs[0]!.shape));
    for (let i = 0; i < out.length; i++) {
      const outer = Math.floor(i / (inner * picks.length));
      const pick = picks[Math.floor(i / inner) % picks.length]!;
      out[i] = numbers[(outer * extent + (pick < 0 ? pick + extent : pick)) * inner + (i % inner)]!;
    }
    return make(x!.dtype, node.outputs[0]!.shape, out);
  },
  BatchNormalization: (node, [x, scale, shift, mean, variance]) => {
    const [s, b, m, v] = [scale!, shift!, mean!, variance!].map((literal) => literal.numbers()) as Float64Array[];
    const inner = stridesOf(x!.shape)[1]!;
    const epsilon = (node.attributes.epsilon as number | undefined) ?? 1e-5;
    const values = x!.numbers().map((value, i) => {
      const c = Math.floor(i / inner) % x!.shape[1]!;
      return ((value - m![c]!) / Math.sqrt(v![c]! + epsilon)) * s![c]! + b![c]!;
    });
    return make(x!.dtype, x!.shape, values);
  },
  ReduceSum: (node, [x], inference) => {
    const axes = reducedAxes(inference);
    const kept = x!.shape.map((d, i) => (axes.includes(i) ? 1 : d));
    const strides = stridesOf(kept).map((s, i) => (axes.includes(i) ? 0 : s));
    const positions = strided(
      Float64Array.from({ length: sizeOf(kept) }, (_, i) => i),
      x!.shape,
      strides,
    );
    const sums = new Float64Array(sizeOf(kept));
    x!.numbers().forEach((value, i) => {
      sums[positions[i]!]! += value;
    });
    return make(x!.dtype, node.outputs[0]!.shape, sums.map(roundTo[x!.dtype] ?? ((v) => v)));
  },
};

/**
 * The constants a node's outputs are, or undefined where it depends on a graph input or is not evaluated here.
 * A Shape node is constant whatever its input is.
 */
export function fold(
  node: Node,
  literalOf: (value: Value) => Literal | undefined = (v) => v.literal,
): Literal[] | undefined {
  if (node.op === "Shape") {
    const shape = node.inputs[0]!.shape;
    const { start = 0, end = shape.length } = node.attributes as { start?: number; end?: number };
    const part = shape.slice(start, end);
    return make("int64", [part.length], part);
  }
  const evaluate = EVALUATE[node.op];
  if (!evaluate) return undefined;
  const literals: (Literal | undefined)[] = [];
  for (const value of node.inputs) {
    const literal = value && literalOf(value);
    if (value && (!literal || literal.dtype === "float16")) return undefined;
    literals.push(literal);
  }
  if (node.outputs.some(({ dtype, shape }) => dtype === "float16" || sizeOf(shape) > MOST_FOLDED)) return undefined;
  return evaluate(node, literals, new Inference(node.op, node.inputs, node.attributes, node.outputs.length));
}
