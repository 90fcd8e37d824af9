import { add, int64, mul, windowAt } from "../../graph/build.js";
import { substitute } from "../../graph/substitute.js";
import type { Value } from "../../graph/value.js";
import type { Attribution } from "../contract/attribution.js";
import type { Relevance } from "../contract/carrier.js";
import type { Network } from "../contract/facts.js";
import type { Rules } from "../contract/rules.js";
import { propagate } from "../pass/propagate.js";
import { rewrite } from "../pass/rewrite.js";
import type { OuterProduct } from "../rules/layer/outer-products.js";
import type { SmallerPicture } from "./picture.js";

/** The pass from a feature map to its image alone. */
export function fromMap(network: Network, rules: Rules, image: Value, map: Value, arrived: Relevance): Attribution {
  const { joined: _, ...found } = propagate(network, rules, new Set([image]), new Map([[map, arrived]]));
  return { ...found, joined: new Map(), emptyPools: [] };
}

/** The amounts of an attribution, in the order of `rewrite`. */
export const valuesOf = (attribution: Attribution): Value[] => {
  const all: Value[] = [];
  rewrite(attribution, (values) => {
    all.push(...values);
    return values;
  });
  return all;
};

/**
 * One tile's relevance at the pixels of its window.
 * @param start first row and column of the window in the map, int64 [2]
 * @param mask ones at the window's cells that belong to the tile
 */
export function tilePass(
  rules: Rules,
  { network, map, image, twins }: SmallerPicture,
  { amount, ...arrived }: Relevance,
  products: readonly OuterProduct[] | undefined,
  start: Value,
  mask: Value,
): Value[] {
  const extent = map.shape.slice(2);
  const cut = (value: Value, axes: readonly number[]) => mul(windowAt(value, axes, start, extent), mask);
  const own = products ? products.map((one) => mul(one.rows, cut(one.map, [2, 3]))).reduce(add) : cut(amount, [3, 4]);
  const values = valuesOf(fromMap(network, rules, image, map, { ...arrived, amount: own }));
  const windows = twins.map(({ whole, small, axes, stride }): [Value, Value] => {
    const at = mul(start, int64([...stride]));
    return [
      small,
      windowAt(
        whole,
        axes,
        at,
        axes.map((axis) => small.shape[axis]!),
      ),
    ];
  });
  return substitute(values, new Map(windows));
}
