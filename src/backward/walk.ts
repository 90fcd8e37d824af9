import { isStatistic } from "../graph/kinds.js";
import { type Node, topologicalOrder, type Value } from "../graph/value.js";

/** What a rule propagates: an upstream value and the amount for it (a gradient, or relevance). */
export type Contribution<Amount> = readonly [to: Value, amount: Amount];

/**
 * The contributions of one node by a rule table.
 * @param arriving one entry per output of the node: what has arrived there, undefined where nothing has
 * @param leadsToTarget true where a value depends on a target; contributions to others are not needed
 */
export type Propagate<Amount> = (
  node: Node,
  arriving: readonly (Amount | undefined)[],
  leadsToTarget: (value: Value) => boolean,
) => Iterable<Contribution<Amount>>;

/**
 * The reverse walk: goes through the nodes between targets and seeds in reverse order, asks the rule, accumulates.
 * A rule may jump over nodes (a pattern propagates straight to its source): nodes that nothing reaches are skipped.
 * @returns what arrived at each target; targets that nothing reached are missing
 */
export function reverseWalk<Amount>(
  seeds: ReadonlyMap<Value, Amount>,
  targets: Iterable<Value>,
  propagate: Propagate<Amount>,
  accumulate: (a: Amount, b: Amount, at: Value) => Amount,
): Map<Value, Amount> {
  const order = topologicalOrder(seeds.keys());
  const unique = new Set(targets);
  const dependent = new Set<Value>(unique);
  for (const node of order)
    if (node.inputs.some((value) => value && dependent.has(value)))
      for (const output of node.outputs) if (!isStatistic(output)) dependent.add(output);

  const arrived = new Map(seeds);
  for (const node of order.reverse()) {
    if (node.inputs.length === 0) continue;
    if (!node.outputs.some((output) => arrived.has(output) && dependent.has(output))) continue;
    const arriving = node.outputs.map((output) => arrived.get(output));
    for (const [to, amount] of propagate(node, arriving, (value) => dependent.has(value))) {
      if (!dependent.has(to)) continue;
      const before = arrived.get(to);
      arrived.set(to, before === undefined ? amount : accumulate(before, amount, to));
    }
  }
  return new Map([...unique].flatMap((target) => (arrived.has(target) ? [[target, arrived.get(target)!]] : [])));
}
