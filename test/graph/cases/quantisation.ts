import fc from "fast-check";
import { extent, type NodeCase, oneOf, shapeOf, tensor } from "./operands.js";

const bytes = oneOf("int8" as const, "uint8" as const);

/** Random valid nodes of every operator in `quantisation.ts`. */
export const QUANTISATION_CASES: Readonly<Record<string, fc.Arbitrary<NodeCase>>> = {
  QuantizeLinear: fc
    .record({ shape: shapeOf(1, 4), to: bytes })
    .chain(({ shape, to }) => fc.tuple(tensor(shape), tensor([], "float32", 0.01, 0.1), tensor([], to)))
    .map((inputs) => ({ inputs, attributes: {}, outputs: 1 })),
  DynamicQuantizeLinear: shapeOf(1, 4)
    .chain((shape) => fc.tuple(tensor(shape, "float32", -3, 2)))
    .map((inputs) => ({ inputs, attributes: {}, outputs: 3 })),
  MatMulInteger: fc
    .record({ lead: shapeOf(0, 2), m: extent, k: extent, n: extent, weight: bytes })
    .chain(({ lead, m, k, n, weight }) =>
      fc.tuple(tensor([...lead, m, k], "uint8"), tensor([k, n], weight), tensor([], "uint8"), tensor([], weight)),
    )
    .map((inputs) => ({ inputs, attributes: {}, outputs: 1 })),
};
