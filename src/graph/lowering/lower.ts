import { own } from "../../own.js";
import { apply } from "../apply.js";
import { add, cast, constant, mul, reduceMax, sigmoid } from "../build.js";
import { fold } from "../fold.js";
import { ShapeError } from "../shape.js";
import { Node, topologicalOrder, type Value } from "../value.js";
import { attention } from "./attention.js";
import { einsum } from "./einsum.js";
import type { Lowering, LoweringTable, UnloweredNode } from "./lowering.js";
import { MICROSOFT_LOWERING } from "./microsoft.js";
import { QUANTISED_LOWERING } from "./quantisation.js";
import { RECURRENT_LOWERING } from "./recurrent.js";

const summed: Lowering = ({ inputs }) => [(inputs as readonly Value[]).reduce(add)];

/** Operators that are rewritten with other operators when a file is read. To add one, add an entry. */
const LOWERINGS: LoweringTable = {
  ...RECURRENT_LOWERING,
  ...QUANTISED_LOWERING,
  Einsum: einsum,
  Attention: attention,
  Sum: summed,
  Mean: ({ inputs }) => [mul((inputs as readonly Value[]).reduce(add), 1 / inputs.length)],
  Swish: ({ inputs: [x], attributes: { alpha = 1 } }) => [
    mul(x!, sigmoid(alpha === 1 ? x! : mul(x!, alpha as number))),
  ],
  CastLike: ({ inputs: [x, like] }) => [cast(x!, like!.dtype)],
  GlobalMaxPool: ({ inputs: [x] }) => [
    reduceMax(
      x!,
      x!.shape.flatMap((_, i) => (i < 2 ? [] : [i])),
      true,
    ),
  ],
};

/** Names of those of ONNX itself. */
export const LOWERED: readonly string[] = Object.keys(LOWERINGS);

/** By domain. */
const DOMAINS: Readonly<Record<string, LoweringTable>> = { "": LOWERINGS, "com.microsoft": MICROSOFT_LOWERING };

/** The lowering of an operator of a domain, undefined where it has none. */
export const loweringOf = (op: string, domain: string): Lowering | undefined => own(own(DOMAINS, domain) ?? {}, op);

/**
 * The outputs of a node, computed by a lowering of operators of the graph. The new nodes are named after it, constants are folded,
 * and the outputs keep their names; an output without a name is left out.
 * @throws ShapeError where the node does not fit
 */
export function lower(
  lowering: Lowering,
  node: UnloweredNode,
  name: string,
  outputNames: readonly string[],
): (Value | undefined)[] {
  const inputs = node.inputs.filter((value) => value !== undefined);
  const made = lowering(node);
  const outputs = outputNames.map((output, i) => {
    if (!output) return undefined;
    const value = made[i];
    if (!value) throw new ShapeError(`${node.op}: output ${i} ("${output}") is not supported`);
    return value;
  });
  // An output that is also an input or another output becomes a separate value.
  const taken = new Set<Value>(inputs);
  const distinct = outputs.map((value) => {
    if (!value) return undefined;
    const own = taken.has(value) ? apply("Identity", [value]) : value;
    taken.add(own);
    return own;
  });
  const named = new Map(distinct.flatMap((value, i) => (value ? [[value, outputNames[i]!] as const] : [])));
  return renamed(named, inputs, name || outputNames.find(Boolean) || node.op, distinct);
}

/** Makes the nodes between inputs and outputs again, with names, and folds constants. */
function renamed(
  names: ReadonlyMap<Value, string>,
  inputs: readonly Value[],
  prefix: string,
  outputs: readonly (Value | undefined)[],
): (Value | undefined)[] {
  const settled = new Map<Value, Value>(inputs.map((value) => [value, value]));
  const order = topologicalOrder(
    names.keys(),
    inputs.map(({ node }) => node),
  );
  const counts = new Map<string, number>();
  for (const node of order) {
    if (node.literal) {
      settled.set(node.outputs[0]!, node.outputs[0]!);
      continue;
    }
    const n = counts.get(node.op) ?? 0;
    counts.set(node.op, n + 1);
    const operands = node.inputs.map((value) => value && settled.get(value)!);
    const types = node.outputs.map((value) => ({ dtype: value.dtype, shape: value.shape, name: names.get(value) }));
    const again = new Node(node.op, operands, node.attributes, types, `${prefix}/${node.op}${n === 0 ? "" : `_${n}`}`);
    const constants = fold(again);
    node.outputs.forEach((value, i) => {
      const literal = constants?.[i];
      settled.set(value, literal ? constant(literal, names.get(value)) : again.outputs[i]!);
    });
  }
  return outputs.map((value) => value && settled.get(value));
}
