import { add, concat, div, matmul, matrixTranspose, maximum, minimum, mul, reshape, sub } from "../../graph/build.js";
import type { Value } from "../../graph/value.js";
import { elementwisePair } from "../channels-last.js";
import type { Layer, LayerBuilder, LayerTable } from "./layer.js";

type Pair = (a: Value, b: Value) => Value;

function several(layer: Layer): readonly Value[] {
  if (layer.inputs.length < 2) throw layer.error(`has ${layer.inputs.length} inputs, expected two or more`);
  return layer.inputs;
}

const each =
  (f: Pair): LayerBuilder =>
  (layer) =>
    several(layer).reduce((a, b) => elementwisePair(a, b, f));

/** Layers that join several values. */
export const MERGE: LayerTable = {
  Add: each(add),
  Subtract: each(sub),
  Multiply: each(mul),
  Maximum: each(maximum),
  Minimum: each(minimum),
  Average: (layer) => div(each(add)(layer), layer.inputs.length),
  Concatenate: (layer) => concat(several(layer), layer.number("axis", -1)),
  Dot: (layer) => {
    const [a, b] = several(layer) as [Value, Value];
    const axes = layer.numbers("axes", 2);
    if (a.shape.length !== 2 || b.shape.length !== 2 || axes.some((axis) => axis !== 1 && axis !== -1))
      throw layer.error(`supported is the product of two vectors, found [${a.shape}] and [${b.shape}]`);
    if (layer.flag("normalize", false)) throw layer.error("normalize is not supported");
    const rows = (x: Value) => reshape(x, [x.shape[0]!, 1, x.shape[1]!]);
    return reshape(matmul(rows(a), matrixTranspose(rows(b))), [a.shape[0]!, 1]);
  },
};
