import { reducedAxes } from "../operators/reduction.js";
import { Inference } from "../operators/spec.js";
import { normalizeAxis, sameShape } from "../shape.js";
import type { Value } from "../value.js";
import type { UnloweredNode } from "./lowering.js";

/**
 * The Softmax that ends at a node: e/Σe over one axis with e = exp(s − max s), as JAX writes it, or the
 * exponential of a LogSoftmax. Not with e = exp(s), which overflows where a Softmax does not.
 */
export function softmaxOf({ op, inputs }: UnloweredNode): UnloweredNode | undefined {
  const [a, b] = inputs;
  if (op === "Exp" && a?.node.op === "LogSoftmax")
    return { op: "Softmax", inputs: a.node.inputs, attributes: a.node.attributes };
  if (!a || !b) return undefined;
  if (op === "Div") return ratio(a, b);
  if (op !== "Mul") return undefined;
  return overReciprocal(a, b) ?? overReciprocal(b, a);
}

const overReciprocal = (e: Value, { node }: Value) =>
  node.op === "Reciprocal" ? ratio(e, node.inputs[0]!) : undefined;

function ratio(e: Value, total: Value): UnloweredNode | undefined {
  const [exponent] = bare(e).node.op === "Exp" ? bare(e).node.inputs : [];
  const axis = exponent && reducedAxis(total, "ReduceSum", e);
  if (!exponent || axis === undefined) return undefined;
  const [s, origin] = bare(exponent).node.op === "Sub" ? bare(exponent).node.inputs : [];
  const isShifted = s && origin && sameShape(s.shape, e.shape) && reducedAxis(origin, "ReduceMax", s) === axis;
  return isShifted ? { op: "Softmax", inputs: [s], attributes: { axis } } : undefined;
}

/** A value before these operators. */
function before(value: Value, ops: readonly string[]): Value {
  let at = value;
  while (ops.includes(at.node.op)) at = at.node.inputs[0]!;
  return at;
}

const bare = (value: Value) => before(value, ["Identity"]);

/** The one axis over which a value is this reduction of another, with extent 1 there or copied along it. */
function reducedAxis(value: Value, op: string, of: Value): number | undefined {
  const outer = bare(value);
  const kept = outer.node.op === "Expand" && sameShape(outer.shape, of.shape) ? outer.node.inputs[0]! : outer;
  // A reshape keeps the order of elements.
  const { node } = before(kept, ["Identity", "Reshape", "Unsqueeze"]);
  if (node.op !== op || bare(node.inputs[0]!) !== bare(of)) return undefined;
  const [axis, ...others] = reducedAxes(new Inference(op, node.inputs, node.attributes));
  if (axis === undefined || others.length > 0) return undefined;
  const at = normalizeAxis(op, axis, of.shape);
  return sameShape(
    kept.shape,
    of.shape.map((extent, i) => (i === at ? 1 : extent)),
  )
    ? at
    : undefined;
}
