import { apply } from "../../../graph/apply.js";
import {
  constant,
  div,
  matmul,
  matrixTranspose,
  mul,
  reshape,
  scalar,
  tensor,
  transpose,
} from "../../../graph/build.js";
import { Literal } from "../../../graph/literal.js";
import type { Value } from "../../../graph/value.js";
import type { Network } from "../../contract/facts.js";
import { rowsAt } from "./changed.js";
import { spots } from "./gaussian.js";
import type { Picture } from "./picture.js";
import { scored } from "./removed.js";
import type { Score } from "./scores.js";

/** Masks at the positions of a grid, and how a map is made of a number at each. */
export interface Grid {
  readonly rows: number;
  readonly columns: number;
  /** Masks of positions, given their rows and columns of the grid and their numbers, each [n]: [n, H, W]. */
  masks(row: Value, column: Value, number: Value): Value;
  /** [J, rows, columns] → [J, H, W]. */
  map(scores: Value): Value;
}

/** Score of each torque where the image is `other` under each mask of a grid, as a map [J, H, W]. */
export function gridMap(network: Network, picture: Picture, other: Value, grid: Grid, score: Score): Value {
  const { changes } = picture;
  const count = grid.rows * grid.columns;
  const columns = scalar(grid.columns, "int64");
  const each = changes.each(count, ({ numbers, rows }) => {
    const masks = grid.masks(div(numbers, columns), apply("Mod", [numbers, columns]), numbers);
    return scored(network, score, changes.outputs(picture.mixed(other, masks), rows));
  });
  return grid.map(reshape(transpose(each, [1, 0]), [network.torques, grid.rows, grid.columns]));
}

/** Blurred spots at every `stride`-th pixel; the map is linear between their centres, constant beyond the last. */
export function spotGrid({ height, width }: Picture, stride: number, radius: number): Grid {
  const made = spots(height, width, stride, radius);
  const [centre, besides, three, one, scale] = [made.centre, made.besides, made.three, made.one, made.scale].map(
    (literal) => constant(literal),
  ) as [Value, Value, Value, Value, Value];
  const [rows, columns] = [centre.shape[0]!, one.shape[0]!];
  return {
    rows,
    columns,
    masks: (row, column, number) => {
      const n = number.shape[0]!;
      const product = (down: Value, across: Value) =>
        mul(reshape(rowsAt(down, row), [n, height, 1]), reshape(rowsAt(across, column), [n, 1, width]));
      const spot = apply("Add", [product(centre, three), product(besides, one)]);
      return mul(spot, reshape(rowsAt(scale, number), [n, 1, 1]));
    },
    map: (scores) => separable(scores, between(height, rows, stride), between(width, columns, stride)),
  };
}

/** Squares of `size` pixels at every `stride`-th; a pixel has the mean of those that cover it. */
export function patchGrid({ height, width }: Picture, stride: number, size: number): Grid {
  const [down, across] = [height, width].map((extent) => patches(extent, stride, size)) as [Literal, Literal];
  const [rows, columns] = [down.shape[0]!, across.shape[0]!];
  const weights = (of: Literal) => matrixTranspose(constant(of));
  const covering = (of: Literal) => {
    const counts = new Float32Array(of.shape[1]!);
    for (const [i, covers] of of.numbers().entries()) counts[i % counts.length]! += covers;
    return counts;
  };
  const inverse = (of: Literal, shape: readonly number[]) =>
    tensor(
      "float32",
      shape,
      covering(of).map((count) => 1 / count),
    );
  return {
    rows,
    columns,
    masks: (row, column, number) => {
      const n = number.shape[0]!;
      return mul(
        reshape(rowsAt(constant(down), row), [n, height, 1]),
        reshape(rowsAt(constant(across), column), [n, 1, width]),
      );
    },
    map: (scores) =>
      mul(
        mul(separable(scores, weights(down), weights(across)), inverse(down, [height, 1])),
        inverse(across, [1, width]),
      ),
  };
}

/** weights [H, rows], scores [J, rows, columns], weights [W, columns] → [J, H, W]. */
const separable = (scores: Value, down: Value, across: Value): Value =>
  matmul(matmul(down, scores), matrixTranspose(across));

/** Weights of linear interpolation between centres 0, stride, 2 stride …, [extent, count]. */
function between(extent: number, count: number, stride: number): Value {
  const weights = new Float32Array(extent * count);
  for (let y = 0; y < extent; y++) {
    const at = Math.min(y / stride, count - 1);
    const below = Math.floor(at);
    weights[y * count + below]! += 1 - (at - below);
    if (at > below) weights[y * count + below + 1]! += at - below;
  }
  return tensor("float32", [extent, count], weights);
}

/** 1 where a patch covers a pixel, [count, extent]; the last patches end at the border. */
function patches(extent: number, stride: number, size: number): Literal {
  const count = Math.ceil((extent - size) / stride) + 1;
  const covers = new Float32Array(count * extent);
  for (let k = 0; k < count; k++)
    covers.fill(1, k * extent + k * stride, k * extent + Math.min(extent, k * stride + size));
  return Literal.from("float32", [count, extent], covers);
}
