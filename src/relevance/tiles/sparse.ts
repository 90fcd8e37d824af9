import {
  abs,
  add,
  full,
  input,
  int64,
  logicalNot,
  matmul,
  maximum,
  minimum,
  mul,
  placedAt,
  reshape,
  safeDivide,
  scalar,
  sub,
  sum,
  tensor,
  where,
  windowAt,
  zeros,
} from "../../graph/build.js";
import { computedWhere, loop } from "../../graph/loop.js";
import { substitute } from "../../graph/substitute.js";
import { topologicalOrder, type Value } from "../../graph/value.js";
import type { Attribution, Omitted } from "../contract/attribution.js";
import type { Relevance } from "../contract/carrier.js";
import type { Network } from "../contract/facts.js";
import type { Rules } from "../contract/rules.js";
import { propagate } from "../pass/propagate.js";
import { rewrite } from "../pass/rewrite.js";
import { type OuterProduct, outerProducts } from "../rules/layer/outer-products.js";
import { chooseTiles, type Tiles } from "./choice.js";
import { type FeatureMap, featureMaps } from "./map.js";
import { type SmallerPicture, smallerPicture } from "./picture.js";
import { multiplyAdds } from "./work.js";

/** Cells of a tile along either axis, of a large map and of a small one. */
const [TILE, SMALL_TILE] = [16, 8];
/** Cells along the shorter axis from which on a map is large. */
const LARGE = 64;
/** Tiles at most; a loop's steps cost more than their arithmetic. */
const MOST = 32;
/** Multiply-adds of all tiles as a part of those of the dense pass: small convolutions take longer for each. */
const PAYS = 0.7;
/** The part of the relevance that is not followed, by default. */
const OMIT = 5e-4;
/** Multiply-adds of a dense pass from which on tiles pay. */
const WORTHWHILE = 2 ** 27;

/**
 * Relevance of a pass of rules, computed behind soft-argmaxes only where it matters: their feature map is cut into tiles,
 * and the tiles with the most relevance are followed to the image one by one, each as the map of a smaller picture whose
 * values are windows of the policy's own. As the rules are linear, the sum of the tiles is the whole. Where too many tiles
 * matter, the dense pass is computed instead.
 */
export function followed(network: Network, rules: Rules): Attribution {
  // By default only where relevance is nowhere below zero and no denominator makes it larger: there the part that is left
  // out is small everywhere.
  const isWanted = network.omit !== undefined || rules.seed === "torque";
  const features =
    isWanted && rules.linear && network.depth !== "shares" && network.omit !== 0 ? featureMaps(network) : [];
  if (features.length === 0) return propagate(network, rules);
  const images = new Set(features.map((feature) => imageOf(network, feature)));
  const others = [...network.inputs].filter((value) => !images.has(value));
  const maps = new Set(features.map(({ map }) => map));
  const { relevanceOf } = rules;
  // Amounts go on from a map as they are: what they mean is asked at the pixels.
  const untilMaps: Rules = {
    ...rules,
    ...(relevanceOf && {
      relevanceOf: (value, amount, context) => (maps.has(value) ? amount : relevanceOf(value, amount, context)),
    }),
  };
  const above = propagate(network, untilMaps, new Set([...others, ...maps]));
  const omitted: Omitted[] = [];
  const below = features.flatMap((feature) => {
    const arrived = above.inputs.get(feature.map);
    if (!arrived) return [];
    const dense = from(network, rules, imageOf(network, feature), feature.map, arrived);
    const tiled = tiledPass(network, rules, feature, arrived, dense);
    if (tiled) omitted.push(tiled.omitted);
    return [tiled?.attribution ?? dense];
  });
  return {
    ...above,
    inputs: new Map([
      ...[...above.inputs].filter(([value]) => !maps.has(value)),
      ...below.flatMap(({ inputs }) => [...inputs]),
    ]),
    pixels: new Map([...above.pixels, ...below.flatMap(({ pixels }) => [...pixels])]),
    ...absorbed([above, ...below]),
    rules: [...below.flatMap((one) => one.rules), ...above.rules],
    ...(omitted.length > 0 && {
      omitted: { size: omitted.map(({ size }) => size).reduce(add), sum: omitted.map((one) => one.sum).reduce(add) },
    }),
  };
}

/** What constants took above the maps and below. */
function absorbed(parts: readonly Attribution[]): Pick<Attribution, "constants" | "absorbed"> {
  const constants = parts.flatMap((part) => part.constants ?? []);
  const among = parts.flatMap((part) => part.absorbed ?? []);
  return { ...(constants.length > 0 && { constants }), ...(among.length > 0 && { absorbed: among }) };
}

const imageOf = ({ subject }: Network, { image }: FeatureMap): Value => subject.graph.inputs.get(image.input)!;

/** The pass from a feature map to its image alone. */
function from(network: Network, rules: Rules, image: Value, map: Value, arrived: Relevance): Attribution {
  const { joined: _, ...found } = propagate(network, rules, new Set([image]), new Map([[map, arrived]]));
  return { ...found, joined: new Map(), emptyPools: [] };
}

/** The pass by tiles, or undefined where it cannot be made or does not pay. */
function tiledPass(
  network: Network,
  rules: Rules,
  feature: FeatureMap,
  arrived: Relevance,
  dense: Attribution,
): { readonly attribution: Attribution; readonly omitted: Omitted } | undefined {
  const { image, map } = feature;
  const cells = map.shape.slice(2) as [number, number];
  const tile = Math.min(...cells) < LARGE ? SMALL_TILE : TILE;
  const small = smallerPicture(network, image, map, tile);
  if (!small || dense.constants || (dense.absorbed?.length ?? 0) > 0) return undefined;
  const outside = topologicalOrder([...network.subject.graph.outputs.values(), arrived.amount, network.importance]);
  const whole = valuesOf(dense);
  const products = outerProducts(arrived.amount, network.context);
  const pass = (start: Value, mask: Value) => tilePass(rules, small, arrived, products, start, mask);
  const extent = small.map.shape.slice(2);
  const trial = pass(input("start", "int64", [2]), input("mask", "float32", extent));
  const work = multiplyAdds(whole, outside);
  const most = Math.min(MOST, Math.floor((PAYS * work) / multiplyAdds(trial, outside)));
  if (most < 1 || (network.omit === undefined && work < WORTHWHILE)) return undefined;

  const mass = massOf(arrived.amount, products);
  const totals = sum(mass, [1], true);
  const each = reshape(sum(safeDivide(mass, totals), [0]), cells);
  const tiles = chooseTiles(each, tile, most, network.omit ?? OMIT);
  const followedSums = tiledSums(tiles, small, cells, whole, pass);
  const kept = computedWhere(logicalNot(tiles.suffice), whole, new Set(outside));
  const results = whole.map((_, k) => add(followedSums[k]!, kept[k]!));
  const weights = arrived.perTorque ? reshape(network.importance, [1, -1]) : tensor("float32", [1, 1], [1]);
  const rest = (of: Value) =>
    where(tiles.suffice, sum(mul(matmul(weights, of), reshape(tiles.rest, [1, -1]))), scalar(0));
  const sums = rules.seed === "torque" ? mass : massOf(arrived.amount, products, (value) => value);
  return { attribution: rewrite(dense, () => results), omitted: { size: rest(mass), sum: rest(sums) } };
}

const valuesOf = (attribution: Attribution): Value[] => {
  const all: Value[] = [];
  rewrite(attribution, (values) => {
    all.push(...values);
    return values;
  });
  return all;
};

/** Relevance of every cell in all channels, by default its size, [rows, cells]. */
function massOf(amount: Value, products: readonly OuterProduct[] | undefined, of = abs): Value {
  const [rows, , channels] = amount.shape as [number, number, number];
  if (!products) return reshape(sum(of(amount), [1, 2]), [rows, -1]);
  return products
    .map((one) => matmul(reshape(of(one.rows), [rows, channels]), reshape(of(one.map), [channels, -1])))
    .reduce(add);
}

/** Σ of the tiles' relevance, each at its place in the whole picture. */
function tiledSums(
  tiles: Tiles,
  small: SmallerPicture,
  cells: readonly [number, number],
  whole: readonly Value[],
  pass: (start: Value, mask: Value) => readonly Value[],
): Value[] {
  const { twins, image, margins } = small;
  const extent = small.map.shape.slice(2) as [number, number];
  const { stride } = twins.find((twin) => twin.small === image)!;
  const last = int64(cells.map((d, i) => d - extent[i]!));
  const state = [zeros(cells), ...whole.map(({ dtype, shape }) => zeros(shape, dtype))];
  const untaken = full(cells, 1);
  const [, ...sums] = loop(
    { most: where(tiles.suffice, tiles.count, scalar(0, "int64")), start: [untaken, ...state.slice(1)] },
    (i, [left, ...before]) => {
      const [rows, columns] = tiles.cellsOf(i);
      const taken = mul(mul(rows, columns), left!);
      const start = minimum(maximum(sub(tiles.startOf(i), int64([...margins.lower])), int64([0, 0])), last);
      const found = pass(start, windowAt(taken, [0, 1], start, extent));
      const at = mul(start, int64([...stride]));
      const after = found.map((value, k) => {
        const axes = whole[k]!.shape.flatMap((d, axis) => (d !== value.shape[axis] ? [axis] : []));
        return add(
          before[k]!,
          placedAt(
            value,
            axes,
            at,
            axes.map((axis) => whole[k]!.shape[axis]!),
          ),
        );
      });
      return { state: [sub(left!, taken), ...after] };
    },
  );
  return sums;
}

/**
 * One tile's relevance at the pixels of its window.
 * @param start first row and column of the window in the map, int64 [2]
 * @param mask ones at the window's cells that belong to the tile
 */
function tilePass(
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
  const values = valuesOf(from(network, rules, image, map, { ...arrived, amount: own }));
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
