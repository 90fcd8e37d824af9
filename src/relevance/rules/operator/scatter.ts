import { atUpdates, scatteredSum } from "../../../backward/indexing.js";
import { abs, add, div, equal, less, mul, relu, reshape, safeDivide, where, zeros } from "../../../graph/build.js";
import type { Node, Value } from "../../../graph/value.js";
import type { Context } from "../../contract/facts.js";
import type { Propagated } from "../../contract/rules.js";
import { type OperatorRule, rest, unexplained } from "./rule.js";
import { SILENT } from "./sum.js";

/** Updates that are added to data: a sum of two, and of more where several updates have one place. */

/** Data and updates with one leading axis; those that do not depend on the observation as zeros. */
interface Summands {
  readonly data: Value;
  readonly updates: Value;
}

const oneRow = (x: Value) => reshape(x, [1, ...x.shape]);

/** @throws InputError for other reductions than sums */
function summandsOf(node: Node, of: (value: Value) => Value, { analysis }: Context): Summands {
  if (node.attributes.reduction !== "add")
    throw unexplained(node, `explained for reductions none and add, not ${node.attributes.reduction}`);
  const [data, , updates] = node.inputs as readonly [Value, Value, Value];
  const dynamic = (x: Value) => oneRow(analysis.isDependent(x) ? of(x) : zeros(x.shape, x.dtype));
  return { data: dynamic(data), updates: dynamic(updates) };
}

/** `ratio` times each summand, where it went; [rows, …] each. */
function shared(
  node: Node,
  amount: Value,
  ratio: Value,
  { data, updates }: Summands,
  { analysis }: Context,
): Propagated {
  const [onto, , added] = node.inputs as readonly [Value, Value, Value];
  const to = [
    [onto, mul(ratio, data)],
    [added, mul(atUpdates(node, ratio, 1), updates)],
  ] as const;
  const dynamic = to.filter(([value]) => analysis.isDependent(value));
  // Constant data are a bias where something is added to them, and stand alone elsewhere.
  const isAlone = !analysis.isDependent(onto);
  return { rule: "sum", to: dynamic, ...(isAlone && { constants: [rest(amount, dynamic)] }) };
}

/** Each summand takes its positive part in proportion, all by magnitude where none is positive, as in a sum. */
export const scatterRule: OperatorRule = (node, amount, context) => {
  const plain = summandsOf(node, (x) => x, context);
  // On the output side, summands that agree with the torque's sign count as positive.
  const turn = context.analysis.isOutputSide(node) ? where(less(amount, 0), -1, 1) : undefined;
  const data = turn ? mul(turn, plain.data) : plain.data;
  const updates = turn ? mul(atUpdates(node, turn, 1), plain.updates) : plain.updates;
  const none = equal(scatteredSum(node, relu(data), relu(updates), 1), 0);
  const weight = (x: Value, isNone: Value, source: Value) =>
    context.analysis.isDependent(source) ? where(isNone, add(abs(x), SILENT), relu(x)) : x;
  const weights = {
    data: weight(data, none, node.inputs[0]!),
    updates: weight(updates, atUpdates(node, none, 1), node.inputs[2]!),
  };
  return shared(
    node,
    amount,
    safeDivide(amount, scatteredSum(node, weights.data, weights.updates, 1)),
    weights,
    context,
  );
};

/**
 * x_k / (Σ + ε sign Σ) for each summand.
 * @param seen a value relative to its reference
 * @param total Σ kept off zero, from the summands that depend on the observation
 */
export const scatterInProportion =
  (
    seen: (value: Value, context: Context) => Value,
    total: (sum: Value, node: Node, context: Context) => Value,
  ): OperatorRule =>
  (node, amount, context) => {
    const summands = summandsOf(node, (x) => seen(x, context), context);
    const sum = scatteredSum(node, summands.data, summands.updates, 1);
    return shared(node, amount, div(amount, total(sum, node, context)), summands, context);
  };
