import { div, mul, scalar } from "../../graph/build.js";
import type { Value } from "../../graph/value.js";
import type { LinearLayer } from "../contract/linear-layer.js";
import type { RecogniseLayer } from "../contract/recognise.js";

/**
 * A layer of whole numbers q − zero, where x was rounded to steps by its own range, as the layer of x that it stands
 * for: the dequantised network's.
 */
export const inSteps =
  (recognise: RecogniseLayer): RecogniseLayer =>
  (node, analysis) => {
    const layer = recognise(node, analysis);
    const source = layer && sourceOf(layer.input);
    if (!source) return layer;
    const { x, step } = source;
    return { ...layer, input: x, seen: mul(layer.input, step), output: mul(layer.output, step), step };
  };

/** x and its step, of whole numbers that were made of x. */
function sourceOf(whole: Value): { readonly x: Value; readonly step: Value } | undefined {
  const minuend = whole.node.op === "Sub" ? whole.node.inputs[0]! : whole;
  const bytes = minuend.node.op === "Cast" ? minuend.node.inputs[0]! : undefined;
  if (bytes?.node.op !== "DynamicQuantizeLinear" || bytes.index !== 0) return undefined;
  return { x: bytes.node.inputs[0]!, step: bytes.node.outputs[1]! };
}

/** What else a layer is multiplied by, where this is a factor of its outputs in steps. */
export function withoutStep({ step }: LinearLayer, factor: Value): Value {
  return step ? (quotient(factor, step) ?? div(factor, step)) : factor;
}

function quotient(factor: Value, step: Value): Value | undefined {
  if (factor === step) return scalar(1, step.dtype);
  const { op, inputs } = factor.node;
  if (op === "Reshape" || op === "Unsqueeze") return quotient(inputs[0]!, step);
  if (op !== "Mul") return undefined;
  const [a, b] = inputs as readonly [Value, Value];
  const [left, right] = [quotient(a, step), quotient(b, step)];
  return left ? mul(left, b) : right && mul(a, right);
}
