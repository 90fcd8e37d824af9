import type { Literal } from "../literal.js";
import { normalizeAxis, type Shape, sizeOf, stridesOf } from "../shape.js";
import { type EvaluateTable, fits, make, rounding } from "./evaluate.js";

/** The first element that each tuple of indices picks from `shape` behind `batch` axes, and how many follow it. */
function picked(shape: Shape, indices: Literal, batch = 0) {
  const depth = indices.shape.at(-1)!;
  const strides = stridesOf(shape).slice(batch);
  const numbers = indices.numbers();
  const count = numbers.length / depth;
  const batches = sizeOf(shape.slice(0, batch));
  const starts = Array.from({ length: count }, (_, i) => {
    let at = Math.floor((i * batches) / count) * sizeOf(shape.slice(batch));
    for (let k = 0; k < depth; k++) {
      const index = numbers[i * depth + k]!;
      at += (index < 0 ? index + shape[batch + k]! : index) * strides[k]!;
    }
    return at;
  });
  return { starts, length: sizeOf(shape.slice(batch + depth)) };
}

export const INDEXING_FOLDING: EvaluateTable = {
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
  GatherND: (node, [x, indices]) => {
    const numbers = x!.numbers();
    const { starts, length } = picked(x!.shape, indices!, (node.attributes.batch_dims as number | undefined) ?? 0);
    const out = new Float64Array(sizeOf(node.outputs[0]!.shape));
    starts.forEach((start, i) => {
      out.set(numbers.subarray(start, start + length), i * length);
    });
    return make(x!.dtype, node.outputs[0]!.shape, out);
  },
  ScatterND: (node, [x, indices, updates]) => {
    const reduction = (node.attributes.reduction as string | undefined) ?? "none";
    if (reduction !== "none" && reduction !== "add") return undefined;
    const out = x!.numbers();
    const { starts, length } = picked(x!.shape, indices!);
    const round = rounding(x!.dtype);
    updates!.numbers().forEach((value, i) => {
      const at = starts[Math.floor(i / length)]! + (i % length);
      out[at] = reduction === "add" ? round(out[at]! + value) : value;
    });
    return reduction === "none" || fits(x!.dtype, out) ? make(x!.dtype, x!.shape, out) : undefined;
  },
  OneHot: (node, [indices, depth, values]) => {
    const { shape, dtype } = node.outputs[0]!;
    const n = depth!.scalar();
    const axis = normalizeAxis("OneHot", (node.attributes.axis as number | undefined) ?? -1, shape);
    const inner = stridesOf(shape)[axis]!;
    const [off, on] = values!.numbers() as unknown as [number, number];
    const out = new Float64Array(sizeOf(shape)).fill(off);
    indices!.numbers().forEach((index, i) => {
      const at = index < 0 ? index + n : index;
      if (at >= 0 && at < n) out[(Math.floor(i / inner) * n + at) * inner + (i % inner)] = on;
    });
    return make(dtype, shape, out);
  },
  Range: (node, [start, , step]) => {
    const { shape, dtype } = node.outputs[0]!;
    const [first, by] = [start!.scalar(), step!.scalar()];
    const round = rounding(dtype);
    return make(
      dtype,
      shape,
      Float64Array.from({ length: shape[0]! }, (_, i) => round(first + round(i * by))),
    );
  },
  NonZero: (node, [x]) => {
    const strides = stridesOf(x!.shape);
    const places = Array.from(x!.numbers()).flatMap((value, i) => (value !== 0 ? [i] : []));
    const out = strides.flatMap((stride, axis) => places.map((i) => Math.floor(i / stride) % x!.shape[axis]!));
    return make("int64", node.outputs[0]!.shape, out);
  },
  CumSum: (node, [x, axis]) => {
    const at = normalizeAxis("CumSum", axis!.scalar(), x!.shape);
    const { exclusive = 0, reverse = 0 } = node.attributes as Record<string, number | undefined>;
    const [inner, extent] = [stridesOf(x!.shape)[at]!, x!.shape[at]!];
    const numbers = x!.numbers();
    const out = new Float64Array(numbers.length);
    const round = rounding(x!.dtype);
    for (let i = 0; i < numbers.length; i++) {
      if (Math.floor(i / inner) % extent !== 0) continue;
      let total = 0;
      for (let k = 0; k < extent; k++) {
        const place = i + (reverse ? extent - 1 - k : k) * inner;
        const after = round(total + numbers[place]!);
        out[place] = exclusive ? total : after;
        total = after;
      }
    }
    return fits(x!.dtype, out) ? make(x!.dtype, x!.shape, out) : undefined;
  },
};
