import { add, concat, matmul, mul, reshape, tensor } from "../../../graph/build.js";
import type { Value } from "../../../graph/value.js";
import type { Context } from "../../contract/facts.js";
import type { LinearLayer } from "../../contract/linear-layer.js";
import { outerProducts } from "./outer-products.js";
import type { Piece } from "./pieces.js";

/** Σ_t in_t ⊙ Lᵀ(s; wt_t) for s [rows, …output]; summed over an image's channels where `summed`. */
export const distribute = (
  layer: LinearLayer,
  parts: readonly Piece[],
  s: Value,
  context: Context,
  summed = false,
): Value => distributeSum(layer, [[parts, s]], context, summed);

/** A pool's terms, and the relevance over its z. */
export type Share = readonly [parts: readonly Piece[], s: Value];

/** Channels that a convolution computes at once: 17 channels take as long as 32. */
const LANES = 16;

/**
 * Σ_p distribute(layer, parts_p, s_p) for pools whose terms have the same inputs. Where one pool's outputs leave lanes
 * empty, all pools are computed together as the outputs of one layer.
 */
export function distributeSum(layer: LinearLayer, pools: readonly Share[], context: Context, summed = false): Value {
  const factored = channelwise(layer, pools, context);
  if (factored) return shared(pools[0]![0], factored, summed);
  if (pools.length === 1 || !leavesLanes(layer))
    return pools.map(([parts, s]) => shared(parts, layer.adjoints(s, weightsOf(parts)), summed)).reduce(add);
  const weights = pools[0]![0].map((_, t) =>
    concat(
      pools.map(([parts]) => parts[t]!.weight),
      0,
    ),
  );
  const amounts = concat(
    pools.map(([, s]) => s),
    2,
  );
  return shared(pools[0]![0], layer.adjoints(amounts, weights), summed);
}

const weightsOf = (parts: readonly Piece[]) => parts.map(({ weight }) => weight);

const shared = (parts: readonly Piece[], adjoints: readonly Value[], summed: boolean): Value =>
  adjoints
    .map((back, t) => mul(parts[t]!.input, back))
    .map((share) => (summed ? overChannels(share) : share))
    .reduce(add);

/**
 * Σ_p Lᵀ(s_p; wt_t) for each term, where s are outer products of fewer maps than rows: Lᵀ of every channel of every map
 * alone, once for all rows, then a product of matrices.
 */
function channelwise(layer: LinearLayer, pools: readonly Share[], context: Context): readonly Value[] | undefined {
  const { channelAdjoints, input } = layer;
  if (!channelAdjoints) return undefined;
  const [rows] = pools[0]![1].shape as [number];
  const found = pools.map(([parts, s]) => outerProducts(s, context)?.map((product) => ({ ...product, parts })));
  if (!found.every((all) => all !== undefined)) return undefined;
  const products = found.flat();
  // Channels alone are a narrower convolution: half as many maps pay.
  if (2 * products.length > rows * pools.length) return undefined;
  const maps = concat(
    products.map(({ map }) => map),
    1,
  );
  const factors = reshape(
    concat(
      products.map((product) => product.rows),
      2,
    ),
    [rows, -1],
  );
  return pools[0]![0].map((_, t) => {
    const weights = concat(
      products.map(({ parts }) => parts[t]!.weight),
      0,
    );
    const each = channelAdjoints(maps, weights);
    const sums = matmul(factors, reshape(each, [each.shape[0]!, -1]));
    return reshape(sums, [rows, input.shape[0]!, ...each.shape.slice(1)]);
  });
}

/** True where a convolution's outputs do not fill the lanes. Grouped convolutions cannot be joined. */
function leavesLanes({ kind, weight, input }: LinearLayer): boolean {
  const [outputs, channels] = weight.shape;
  return kind === "convolution" && channels === input.shape[1] && outputs! % LANES !== 0;
}

/** [rows, 1, C, H, W] → [rows, 1, 1, H, W], as a product with ones: faster than a sum over an outer axis. */
function overChannels(share: Value): Value {
  const [rows, batch, channels, h, w] = share.shape as [number, number, number, number, number];
  if (channels === 1) return share;
  const ones = tensor(share.dtype, [1, channels], new Float32Array(channels).fill(1));
  return reshape(matmul(ones, reshape(share, [rows * batch, channels, h * w])), [rows, batch, 1, h, w]);
}
