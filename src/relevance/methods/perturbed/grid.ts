import type * as z from "zod";
import { apply } from "../../../graph/apply.js";
import {
  add,
  concat,
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
import { choice } from "../method-spec.js";
import { rowsAt } from "./changed.js";
import { spots } from "./gaussian.js";
import type { Picture } from "./picture.js";
import { scored } from "./removed.js";
import type { Score } from "./scores.js";
import type { SeparableMasks } from "./windows/masks.js";
import { WindowedNetwork } from "./windows/network.js";

/** Masks at the positions of a grid, and how a map is made of a number at each. */
export interface Grid {
  readonly masks: SeparableMasks;
  /** [J, rows, columns] → [J, H, W]. */
  map(scores: Value): Value;
}

/** How the outputs are computed: of whole pictures, of the windows that change, or as it costs less. */
export const evaluation = choice(
  ["auto", "windows", "whole"],
  "what is computed for each mask: the windows that it changes, or the whole picture; auto: what costs less",
);
type Evaluation = z.output<typeof evaluation>;

/** Largest part of the cost at which windows are worth it: of a layer, and of whole pictures. */
const WORTHWHILE = { layer: 0.9, pictures: 0.8 };

/** Score of each torque where the image is `other` under each mask of a grid, as a map [J, H, W]. */
export function gridMap(
  network: Network,
  picture: Picture,
  other: Value,
  grid: Grid,
  { score, evaluate }: { readonly score: Score; readonly evaluate: Evaluation },
): Value {
  const { masks } = grid;
  const [rows, columns] = [masks.down[0]!.shape[0]!, masks.across[0]!.shape[0]!];
  const most = { whole: 0, auto: WORTHWHILE.layer, windows: Number.POSITIVE_INFINITY }[evaluate];
  const windows = evaluate === "whole" ? undefined : WindowedNetwork.of({ network, picture, masks, other }, most);
  const isUsed = windows && (evaluate === "windows" || windows.part <= WORTHWHILE.pictures);
  const outputs = isUsed ? windows.outputs() : undefined;
  const each = outputs
    ? concat(
        outputs.map((after) => scored(network, score, after)),
        0,
      )
    : ofWholePictures(network, picture, other, masks, score);
  return grid.map(reshape(transpose(each, [1, 0]), [network.torques, rows, columns]));
}

/** Scores of whole pictures, [rows · columns, J]. */
function ofWholePictures(
  network: Network,
  picture: Picture,
  other: Value,
  { down, across, scale }: SeparableMasks,
  score: Score,
): Value {
  const { changes, height, width } = picture;
  const [rows, columns] = [down[0]!.shape[0]!, across[0]!.shape[0]!];
  const along = scalar(columns, "int64");
  return changes.each(rows * columns, ({ numbers, rows: n }) => {
    const [row, column] = [div(numbers, along), apply("Mod", [numbers, along])];
    const products = down.map((table, t) =>
      mul(
        reshape(rowsAt(constant(table), row), [n, height, 1]),
        reshape(rowsAt(constant(across[t]!), column), [n, 1, width]),
      ),
    );
    const mask = products.reduce((all, product) => add(all, product));
    const scaled = scale ? mul(mask, reshape(rowsAt(constant(scale), numbers), [n, 1, 1])) : mask;
    return scored(network, score, changes.outputs(picture.mixed(other, scaled), n));
  });
}

/** Blurred spots at every `stride`-th pixel; the map is linear between their centres, constant beyond the last. */
export function spotGrid({ height, width }: Picture, stride: number, radius: number): Grid {
  const { centre, besides, three, one, scale } = spots(height, width, stride, radius);
  return {
    masks: { down: [centre, besides], across: [three, one], scale },
    map: (scores) =>
      separable(scores, between(height, centre.shape[0]!, stride), between(width, one.shape[0]!, stride)),
  };
}

/** Squares of `size` pixels at every `stride`-th; a pixel has the mean of those that cover it. */
export function patchGrid({ height, width }: Picture, stride: number, size: number): Grid {
  const [down, across] = [height, width].map((extent) => patches(extent, stride, size)) as [Literal, Literal];
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
    masks: { down: [down], across: [across] },
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
