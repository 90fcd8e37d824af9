import { fold } from "../../graph/fold.js";
import { isTaken } from "../../graph/kinds.js";
import { Literal } from "../../graph/literal.js";
import { sizeOf } from "../../graph/shape.js";
import type { Value } from "../../graph/value.js";
import type { Analysis, LogitsLayer } from "../contract/facts.js";

/** The dense layer whose outputs the values are, in any order; undefined where something else has a part in them. */
export function logitsLayer(values: Value, analysis: Analysis): LogitsLayer | undefined {
  const path: { readonly value: Value; readonly source: Value }[] = [];
  let value = values;
  let layer = analysis.layer(value.node);
  while (!layer) {
    const { node } = value;
    const sources = node.inputs.filter((x): x is Value => x !== undefined && analysis.isDependent(x));
    if (sources.length !== 1 || node.op === "TopK" || !isTaken(node.op)) return undefined;
    path.push({ value, source: sources[0]! });
    value = sources[0]!;
    layer = analysis.layer(value.node);
  }
  const { kind, isNormalised, output, weight } = layer;
  const count = sizeOf(output.shape);
  if (kind !== "dense" || isNormalised || weight.shape.length !== 2 || count !== output.shape.at(-1)) return undefined;
  let columns = Literal.from(
    "float32",
    output.shape,
    Float64Array.from({ length: count }, (_, i) => i),
  );
  for (const step of path.reverse()) {
    const before = columns;
    const moved = fold(step.value.node, (x) => (x === step.source ? before : x.literal))?.[step.value.index];
    if (!moved) return undefined;
    columns = moved;
  }
  return { layer, columns: Array.from(columns.numbers()) };
}
