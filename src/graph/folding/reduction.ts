import { reducedAxes } from "../operators/reduction.js";
import { sizeOf, stridesOf } from "../shape.js";
import { type Evaluate, type EvaluateTable, fits, make, reducedPositions, rounding, upTo32Bits } from "./evaluate.js";

const reduce =
  (start: number, step: (total: number, x: number) => number): Evaluate =>
  (node, [x], inference) => {
    const { shape, dtype } = node.outputs[0]!;
    const positions = reducedPositions(x!.shape, reducedAxes(inference));
    const totals = new Float64Array(sizeOf(shape)).fill(start);
    x!.numbers().forEach((value, i) => {
      totals[positions[i]!] = step(totals[positions[i]!]!, value);
    });
    return fits(dtype, totals) ? make(dtype, shape, totals.map(rounding(dtype))) : undefined;
  };

export const REDUCTION_FOLDING: EvaluateTable = {
  ReduceSum: reduce(0, (total, x) => total + x),
  ReduceProd: reduce(1, (total, x) => total * x),
  ReduceMax: upTo32Bits(reduce(Number.NEGATIVE_INFINITY, Math.max)),
  ReduceMin: upTo32Bits(reduce(Number.POSITIVE_INFINITY, Math.min)),
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
};
