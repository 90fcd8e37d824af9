import { add, concat, matmul, mul, reshape, tensor } from "../../../graph/build.js";
import type { Value } from "../../../graph/value.js";
import type { LinearLayer } from "../../contract/linear-layer.js";
import type { Piece } from "./pieces.js";

/** Σ_t in_t ⊙ Lᵀ(s; wt_t) for s [rows, …output]; summed over an image's channels where `summed`. */
export function distribute(layer: LinearLayer, parts: readonly Piece[], s: Value, summed = false): Value {
  const weights = parts.map(({ weight }) => weight);
  return layer
    .adjoints(s, weights)
    .map((back, t) => mul(parts[t]!.input, back))
    .map((share) => (summed ? overChannels(share) : share))
    .reduce(add);
}

/** A pool's terms, and the relevance over its z. */
export type Share = readonly [parts: readonly Piece[], s: Value];

/** Channels that a convolution computes at once: 17 channels take as long as 32. */
const LANES = 16;

/**
 * Σ_p distribute(layer, parts_p, s_p) for pools whose terms have the same inputs. Where one pool's outputs leave lanes
 * empty, all pools are computed together as the outputs of one layer.
 */
export function distributeSum(layer: LinearLayer, pools: readonly Share[], summed = false): Value {
  if (pools.length === 1 || !leavesLanes(layer))
    return pools.map(([parts, s]) => distribute(layer, parts, s, summed)).reduce(add);
  const joined = pools[0]![0].map((piece, t) => ({
    ...piece,
    weight: concat(
      pools.map(([parts]) => parts[t]!.weight),
      0,
    ),
  }));
  const amounts = concat(
    pools.map(([, s]) => s),
    2,
  );
  return distribute(layer, joined, amounts, summed);
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
