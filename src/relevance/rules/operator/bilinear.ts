import { sumToShape } from "../../../backward/structural.js";
import { add, matmul, matrixTranspose, mul } from "../../../graph/build.js";
import type { Node, Value } from "../../../graph/value.js";
import type { LinearLayer } from "../../contract/linear-layer.js";
import type { LayerRule } from "../../contract/rules.js";
import { type OperatorRule, unexplained } from "./rule.js";

/**
 * A matrix product of two signals: half goes to each, as to a layer's input with the other as weights (AttnLRP, Prop.
 * 3.2).
 */
export const bilinearRule =
  (rule: LayerRule): OperatorRule =>
  (node, amount, context) => {
    const [a, b] = node.inputs as readonly [Value, Value];
    if (a.shape.length < 2 || b.shape.length < 2) throw unexplained(node, "explained only for matrices");
    const half = mul(amount, 0.5);
    const isSure = [a, b].every((value) => context.isNonNegative(value));
    return {
      rule: "product",
      ...(!isSure && { loses: NEGATIVE }),
      to: [
        [a, rule(inLeft(node, a, b), half, context)],
        [b, rule(inRight(node, a, b), half, context)],
      ],
    };
  };

const NEGATIVE = "outputs whose factors all speak against them lose their relevance";

/** y = a·b as a layer of a. */
const inLeft = (node: Node, a: Value, b: Value): LinearLayer => ({
  ...frame(node, a, b),
  forward: (x, w, plus) => shifted(matmul(x, w), plus),
  adjoints: (y, weights) => weights.map((w) => sumToShape(matmul(y, matrixTranspose(w)), a.shape, 1)),
});

/** y = a·b as a layer of b. */
const inRight = (node: Node, a: Value, b: Value): LinearLayer => ({
  ...frame(node, b, a),
  forward: (x, w, plus) => shifted(matmul(w, x), plus),
  adjoints: (y, weights) => weights.map((w) => sumToShape(matmul(matrixTranspose(w), y), b.shape, 1)),
});

const frame = (node: Node, input: Value, weight: Value) =>
  ({ node, input, weight, bias: undefined, output: node.outputs[0]!, kind: "mixture" }) as const;

const shifted = (y: Value, plus: Value | undefined) => (plus ? add(y, plus) : y);
