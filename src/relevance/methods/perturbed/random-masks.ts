import { apply } from "../../../graph/apply.js";
import {
  add,
  cast,
  div,
  less,
  matmul,
  matrixTranspose,
  maximum,
  minimum,
  mul,
  relu,
  reshape,
  slice,
  sub,
  tensor,
  transpose,
} from "../../../graph/build.js";
import type { Value } from "../../../graph/value.js";
import type { Network } from "../../contract/facts.js";
import { keyOf, uniforms } from "../noise.js";
import type { Picture } from "./picture.js";
import { scored } from "./removed.js";
import type { Score } from "./scores.js";

export interface RandomMasks {
  readonly count: number;
  /** Cells of a mask along each axis. */
  readonly cells: number;
  /** Chance that a cell is kept. */
  readonly keep: number;
  readonly seed: number;
}

/** Σ over masks of the score under the mask times the mask, over count · keep: [J, H, W] (Petsiuk et al., Eq. 6). */
export function randomMasksMap(network: Network, picture: Picture, other: Value, of: RandomMasks, score: Score): Value {
  const { changes, height, width } = picture;
  const [sum] = changes.sum(of.count, ({ numbers, rows, isNew }) => {
    const kept = masks(of, numbers, height, width);
    const after = changes.outputs(picture.mixed(other, sub(1, kept)), rows);
    const weights = mul(scored(network, score, after), reshape(isNew, [rows, 1]));
    return [matmul(transpose(weights, [1, 0]), reshape(kept, [rows, height * width]))];
  });
  return div(reshape(sum!, [network.torques, height, width]), of.count * of.keep);
}

/**
 * Masks of these numbers, [n, H, W]: a grid of cells that are kept or not, interpolated to one cell more than the image
 * and cut at a random place. A mask is a function of the seed and its number alone.
 */
function masks({ cells, keep, seed }: RandomMasks, numbers: Value, height: number, width: number): Value {
  const rows = numbers.shape[0]!;
  const random = uniforms(cells * cells + 2, reshape(keyOf(seed, 0, numbers), [rows, 1]));
  const grid = cast(less(slice(random, 1, 0, cells * cells), keep), "float32");
  const along = (extent: number, axis: number) => {
    const at = cells * cells + axis;
    return interpolation(extent, cells, reshape(slice(random, 1, at, at + 1), [rows, 1, 1]));
  };
  const down = along(height, 0);
  const across = along(width, 1);
  return matmul(matmul(down, reshape(grid, [rows, cells, cells])), matrixTranspose(across));
}

/** Weights of the cells for each pixel along an axis, [n, extent, cells], cut at `shift` [n, 1, 1] of a cell. */
function interpolation(extent: number, cells: number, shift: Value): Value {
  const cell = Math.ceil(extent / cells);
  const ratio = cells / ((cells + 1) * cell);
  const pixels = tensor(
    "float32",
    [1, extent, 1],
    Array.from({ length: extent }, (_, y) => y + 0.5),
  );
  const whole = apply("Floor", [mul(shift, cell)]);
  const at = minimum(maximum(sub(mul(add(pixels, whole), ratio), 0.5), 0), cells - 1);
  const places = tensor(
    "float32",
    [1, 1, cells],
    Array.from({ length: cells }, (_, k) => k),
  );
  return relu(sub(1, apply("Abs", [sub(at, places)])));
}
