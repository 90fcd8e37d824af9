import { Literal } from "../literal.js";
import { sliceRanges, splitSizes } from "../operators/structural.js";
import { normalizeAxis, sizeOf, stridesOf } from "../shape.js";
import { broadcastTo, type Evaluate, type EvaluateTable, make, strided } from "./evaluate.js";

/** Same bytes under another shape. */
const relabel: Evaluate = (node, [x]) => [new Literal(x!.dtype, node.outputs[0]!.shape, x!.bytes)];

export const STRUCTURAL_FOLDING: EvaluateTable = {
  Identity: relabel,
  Dropout: relabel,
  Reshape: relabel,
  Flatten: relabel,
  Squeeze: relabel,
  Unsqueeze: relabel,
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
  Tile: (node, [x]) => {
    const { shape } = node.outputs[0]!;
    const [strides, within] = [stridesOf(shape), stridesOf(x!.shape)];
    const numbers = x!.numbers();
    const out = Float64Array.from({ length: sizeOf(shape) }, (_, i) => {
      const at = shape.reduce((sum, d, axis) => {
        const index = Math.floor(i / strides[axis]!) % d;
        return sum + (index % x!.shape[axis]!) * within[axis]!;
      }, 0);
      return numbers[at]!;
    });
    return make(x!.dtype, shape, out);
  },
  Trilu: (node, [x, offset]) => {
    const [rows, columns] = x!.shape.slice(-2) as [number, number];
    const k = offset?.scalar() ?? 0;
    const upper = node.attributes.upper !== 0;
    const kept = (i: number) => {
      const diagonal = (i % columns) - (Math.floor(i / columns) % rows);
      return upper ? diagonal >= k : diagonal <= k;
    };
    return make(
      x!.dtype,
      x!.shape,
      x!.numbers().map((value, i) => (kept(i) ? value : 0)),
    );
  },
};
