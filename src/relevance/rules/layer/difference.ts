import { apply } from "../../../graph/apply.js";
import {
  add,
  expand,
  greater,
  int64,
  matmul,
  mul,
  neg,
  reduceMax,
  relu,
  reshape,
  safeDivide,
  sum,
  where,
} from "../../../graph/build.js";
import type { Value } from "../../../graph/value.js";
import type { LinearLayer } from "../../contract/linear-layer.js";
import type { LayerRule } from "../../contract/rules.js";

/**
 * A rule of the logits' own layer, for differences too. Where an action weighs less than zero, the weighted sum
 * d = Σ c_k z_k is explained as one neuron with the weights Σ c_k w_k and the relevance d (docs/contrast.md). The rows of
 * actions that weigh more than zero carry it, so that the weighted sum of the rows is its relevance.
 */
export const ofDifferences =
  (rule: LayerRule): LayerRule =>
  (layer, amount, context) => {
    const apart = rule(layer, amount, context);
    const { readout, importance, subject, depth } = context;
    if (!readout || readout.layer.node !== layer.node || depth === "shares") return apart;
    const count = importance.shape[0]!;
    const logits = reshape(subject.graph.outputs.get(subject.torque)!, [count]);
    const d = sum(mul(importance, logits), [0], true);
    const above = relu(importance);
    const carried = mul(safeDivide(above, sum(mul(above, importance), [0], true)), d);
    const neuron = weightedSum(layer, readout.columns, importance);
    const seed = reshape(carried, [count, ...neuron.output.shape.map(() => 1)]);
    const isDifference = greater(reduceMax(neg(importance)), 0);
    return where(isDifference, rule(neuron, seed, context), apart);
  };

/** The weighted sum of some outputs of a dense layer, as a layer with one output. */
function weightedSum(layer: LinearLayer, columns: readonly number[], weights: Value): LinearLayer {
  const { input, weight, bias, output } = layer;
  const c = reshape(weights, [columns.length, 1]);
  const combine = (rows: Value) => matmul(apply("Gather", [rows, int64(columns)], { axis: rows.shape.length - 1 }), c);
  const combined = combine(weight);
  const offset = bias && combine(expand(bias, output.shape));
  const product = matmul(layer.seen ?? input, combined);
  return { ...layer, weight: combined, bias: offset, output: offset ? add(product, offset) : product };
}
