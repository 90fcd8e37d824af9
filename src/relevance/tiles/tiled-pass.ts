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
import { topologicalOrder, type Value } from "../../graph/value.js";
import type { Attribution, Omitted } from "../contract/attribution.js";
import type { Relevance } from "../contract/carrier.js";
import type { Network } from "../contract/facts.js";
import type { Rules } from "../contract/rules.js";
import { rewrite } from "../pass/rewrite.js";
import { type OuterProduct, outerProducts } from "../rules/layer/outer-products.js";
import { chooseTiles, type Tiles } from "./choice.js";
import type { FeatureMap } from "./map.js";
import { type SmallerPicture, smallerPicture } from "./picture.js";
import { tilePass, valuesOf } from "./tile.js";
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

/** The pass by tiles, or undefined where it cannot be made or does not pay. */
export function tiledPass(
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
  const sums = rules.positive ? mass : massOf(arrived.amount, products, (value) => value);
  return { attribution: rewrite(dense, () => results), omitted: { size: rest(mass), sum: rest(sums) } };
}

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
