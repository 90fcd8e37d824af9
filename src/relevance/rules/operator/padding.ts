import { traitsOf } from "../../../graph/traits.js";
import type { Node, Value } from "../../../graph/value.js";
import type { Context } from "../../contract/facts.js";

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
 * The reason why relevance is lost in a Pad's constant elements, where it may reach them: linear layers give none to
 * zeros nor to what a reference holds, but elements that become something else before, as in a soft-argmax, get theirs.
 */
export function lossOfPadding(node: Node, context: Context): string | undefined {
  const mode = node.attributes.mode ?? "constant";
  if (node.op !== "Pad" || mode !== "constant" || !node.inputs[1]!.literal?.numbers().some((count) => count > 0))
    return undefined;
  const filler = node.inputs[2];
  const isZero = !filler || filler.literal?.numbers().every((x) => x === 0) === true;
  return getsNothing(node.outputs[0]!, isZero, context) ? undefined : "relevance of padding is lost";
}

/** True where the padding in a value gets no relevance from any node that reads it. */
function getsNothing(value: Value, isZero: boolean, context: Context): boolean {
  const { analysis } = context;
  return (analysis.consumers.get(value) ?? []).every((node) => {
    const layer = analysis.layer(node);
    if (layer) return isZero || context.reference(layer.input) !== undefined;
    const keeps = traitsOf(node.op).moves !== undefined || KEEPS_ZERO.has(node.op);
    return keeps && node.outputs.every((output) => getsNothing(output, isZero, context));
  });
}
