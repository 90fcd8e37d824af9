import { constantOf } from "../../../graph/fold.js";
import { traitsOf } from "../../../graph/traits.js";
import type { Node, Value } from "../../../graph/value.js";
import type { Context } from "../../contract/facts.js";
import type { LinearLayer } from "../../contract/linear-layer.js";
import type { GivesToZeros } from "../../contract/rules.js";

/** Functions that are 0 at 0. */
const KEEPS_ZERO: ReadonlySet<string> = new Set([
  "Relu",
  "LeakyRelu",
  "PRelu",
  "Elu",
  "Selu",
  "Celu",
  "Gelu",
  "Mish",
  "HardSwish",
  "Tanh",
  "Softsign",
  "Erf",
  "Abs",
  "Neg",
  "MaxPool",
]);

/**
 * True where relevance may reach a Pad's constant elements. Some rules of linear layers give none to zeros nor to what a
 * reference holds, but elements that become something else before, as in a soft-argmax, get theirs.
 */
export function paddingTakes(node: Node, context: Context, givesToZeros: GivesToZeros): boolean {
  const mode = node.attributes.mode ?? "constant";
  if (node.op !== "Pad" || mode !== "constant" || !node.inputs[1]!.literal?.numbers().some((count) => count > 0))
    return false;
  return constantsTake(node, node.inputs[2] ? [node.inputs[2]] : [], context, givesToZeros);
}

/** True where relevance may reach these constants, zeros where there are none, among the elements of a node's output. */
export function constantsTake(
  node: Node,
  constants: readonly Value[],
  context: Context,
  givesToZeros: GivesToZeros,
): boolean {
  const isZero = constants.every(
    (value) =>
      constantOf(value)
        ?.numbers()
        .every((x) => x === 0) === true,
  );
  return !getsNothing(node.outputs[0]!, isZero, context, givesToZeros);
}

/** True where the padding in a value gets no relevance from any node that reads it. */
function getsNothing(value: Value, isZero: boolean, context: Context, givesToZeros: GivesToZeros): boolean {
  const { analysis } = context;
  const readers = analysis.consumers.get(value) ?? [];
  // What no node reads is commanded: relevance starts there.
  if (readers.length === 0) return isZero;
  return readers.every((node) => {
    const layer = analysis.layer(node);
    if (layer) return isSeenAsZero(layer, isZero, context) && !givesToZeros(layer);
    const keeps = traitsOf(node.op).moves !== undefined || KEEPS_ZERO.has(node.op);
    return keeps && node.outputs.every((output) => getsNothing(output, isZero, context, givesToZeros));
  });
}

/**
 * True where a layer sees constants as zero: zeros, and what is a part of its reference. A mixture's constant features, such
 * as a spatial basis, are outputs by themselves: no other input is beside them.
 */
const isSeenAsZero = ({ kind, input }: LinearLayer, isZero: boolean, context: Context): boolean =>
  isZero || (kind !== "mixture" && context.reference(input) !== undefined);
