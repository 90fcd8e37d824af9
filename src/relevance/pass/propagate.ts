import { type Contribution, type Propagate, reverseWalk } from "../../backward/walk.js";
import { InputError } from "../../errors.js";
import { reshape, sum } from "../../graph/build.js";
import { ShapeError, sizeOf } from "../../graph/shape.js";
import { traitsOf } from "../../graph/traits.js";
import type { Node, Value } from "../../graph/value.js";
import type { Attribution, NodeRule } from "../contract/attribution.js";
import { accumulate, collapse, type Relevance, rowsOf } from "../contract/carrier.js";
import type { Analysis, Network } from "../contract/facts.js";
import type { LinearLayer } from "../contract/linear-layer.js";
import type { Propagated, Rules } from "../contract/rules.js";
import { isSquash } from "../network/squash.js";
import { memoryOf, partedMemory } from "./no-memory.js";
import { seedOf } from "./seed.js";

/**
 * Propagates relevance from the torques to the targets by a method's rules. A linear method keeps torques apart only
 * where this costs little: where the image begins, they are summed by importance (except at depth `per-torque`). There
 * each torque's relevance is recorded as the image's, at every depth; depth `shares` ends there.
 * @param targets values where relevance stops, the network's inputs by default
 * @param seeds where relevance starts, the torques by default
 * @throws InputError for an operator that the method cannot explain, naming the node
 */
export function propagate(
  network: Network,
  rules: Rules,
  targets: ReadonlySet<Value> = network.inputs,
  seeds: ReadonlyMap<Value, Relevance> = new Map([[network.commanded, seedOf(network, rules.seed)]]),
): Attribution {
  const { context, importance, depth } = network;
  const { analysis } = context;
  const record: NodeRule[] = [];
  const joined = new Map<string, Value[]>();
  const constants: Value[] = [];
  const absorbed: Relevance[] = [];
  const pixels = new Map<string, Relevance[]>();
  const relevanceOf = (value: Value, amount: Value) => rules.relevanceOf?.(value, amount, context) ?? amount;

  const imageOf = (node: Node) =>
    rules.tellsConstants && context.holdsTokens(node) ? undefined : context.onlyImage(node);

  /** Records relevance where an image's features join the rest, once. */
  const joins = (node: Node, at: readonly (readonly [Value, Relevance | undefined])[]) => {
    const image = imageOf(node);
    const rows = at.flatMap(([value, r]) => (r && !r.counted ? [inRows(relevanceOf(value, r.amount))] : []));
    if (image && rows.length > 0) push(joined, image.name, rows);
  };

  const rowOf = (layer: LinearLayer) => rules.rows.find(({ when }) => when(layer, context));
  const givesToZeros = (layer: LinearLayer) => rowOf(layer)?.givesToZeros === true;

  const through = (node: Node, amounts: readonly (Value | undefined)[], perTorque: boolean): Propagated => {
    const layer = analysis.layer(node);
    const row = layer && rowOf(layer);
    if (!layer || !row) return rules.operators(node, amounts, context, givesToZeros);
    const { name, rule } = row;
    const loses = row.loses ?? row.losesAt?.(layer, context);
    const amount = rule(layer, amounts.find((value) => value !== undefined)!, context);
    const image = context.summedImage(layer.input);
    if (!image) return { rule: name, loses, to: [[layer.input, amount]] };
    push(pixels, image.name, [{ amount: overChannels(amount), perTorque }]);
    return { rule: name, loses, to: [] };
  };

  const activation = (node: Node) => {
    const pattern = analysis.pattern(node);
    return pattern?.kind === "activation" && { activation: pattern.name };
  };
  const squash = (node: Node) => isSquash(node, analysis) && ({ squash: true } as const);

  const step: Propagate<Relevance> = (node, arriving, leadsToTarget) => {
    refuseOtherOutputs(node, arriving);
    // On the output side amounts have each torque's own sign.
    const isImage = imageOf(node) !== undefined && isSpatial(node, analysis) && !analysis.isOutputSide(node);
    const perTorque = arriving.every((r) => r === undefined || r.perTorque);
    const ends = rules.linear && depth !== "per-torque" && isImage;
    const at = node.outputs.map((value, i) => [value, arriving[i]] as const);
    const counted = isImage || arriving.some((r) => r?.counted);
    if (counted) joins(node, at);
    if (isImage && depth === "shares") return [];
    const stays = perTorque && !ends;
    const amounts = arriving.map((r) => r && (stays ? r : collapse(r, importance)).amount);
    const { rule, loses, to, constants: taken = [] } = through(node, amounts, stays);
    // What made a target is passed in the pass that begins there.
    const isInside = node.inputs.some((value) => value && leadsToTarget(value));
    for (const amount of isInside ? taken : [])
      if (counted) absorbed.push({ amount: inRows(amount), perTorque: stays });
      else constants.push(inRows(amount));
    record.push({
      node: node.label,
      op: node.op,
      rule,
      ...activation(node),
      ...squash(node),
      ...(isInside && taken.length > 0 && { constants: true }),
      ...(loses !== undefined && { loses }),
    });
    return to.map(([value, amount]) => [value, { amount, perTorque: stays, counted }] as const);
  };
  const meet = (a: Relevance, b: Relevance, value: Value) => {
    if (!a.counted !== !b.counted)
      joins(value.node, [
        [value, a],
        [value, b],
      ]);
    return accumulate(importance)(a, b);
  };

  const arrived = reverseWalk(seeds, targets, namingNodes(step), meet);
  // What no node of an image's own took: its pixels join the rest themselves.
  for (const [value, r] of arrived) joins(value.node, [[value, r]]);
  if (rules.tellsConstants && rules.positive)
    for (const memory of memoryOf(network.subject)) {
      const r = arrived.get(memory);
      if (!r || r.counted) continue;
      const { kept, taken } = partedMemory(memory, r);
      arrived.set(memory, kept);
      constants.push(inRows(taken));
    }
  const inputs = new Map(
    Array.from(arrived, ([value, r]) => [value, { ...r, amount: relevanceOf(value, r.amount) }] as const),
  );
  return {
    inputs,
    pixels,
    joined,
    ...(constants.length > 0 && { constants }),
    absorbed,
    emptyPools: context.emptyPools,
    rules: record.reverse(),
  };
}

/** Only the parts of a Split are all values: other further outputs are indices, statistics or states. */
function refuseOtherOutputs(node: Node, arriving: readonly unknown[]): void {
  const other = arriving.findIndex((amount, i) => i > 0 && amount !== undefined);
  if (other > 0 && node.op !== "Split" && traitsOf(node.op).index !== other)
    throw new InputError(`node "${node.label}" (${node.op}): its output ${other} is not explained`);
}

/** As `step`, with the node's name in errors about types or shapes that rules do not support. */
const namingNodes =
  (step: Propagate<Relevance>): Propagate<Relevance> =>
  (node, arriving, leadsToTarget): Iterable<Contribution<Relevance>> => {
    try {
      return step(node, arriving, leadsToTarget);
    } catch (error) {
      if (!(error instanceof ShapeError || error instanceof RangeError)) throw error;
      const named = error.message.startsWith("node ") ? "" : `node "${node.label}" (${node.op}): `;
      throw new InputError(named + error.message);
    }
  };

/** True for images and their soft-argmax, where keeping torques apart is expensive. */
function isSpatial(node: Node, analysis: Analysis): boolean {
  return analysis.softArgmax(node) !== undefined || node.inputs.some((value) => (value?.shape.length ?? 0) >= 4);
}

/** [rows, 1, C or 1, H, W] → [rows, H, W]. */
function overChannels(amount: Value): Value {
  const [rows, , channels, h, w] = amount.shape as [number, number, number, number, number];
  return reshape(channels === 1 ? amount : sum(amount, [2], true), [rows, h, w]);
}

const inRows = (amount: Value): Value => reshape(amount, [rowsOf(amount), sizeOf(amount.shape) / rowsOf(amount)]);

function push<T>(map: Map<string, T[]>, key: string, items: readonly T[]): void {
  map.set(key, [...(map.get(key) ?? []), ...items]);
}
