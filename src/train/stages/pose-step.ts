import {
  add,
  constant,
  exp,
  input,
  log,
  matmul,
  mean,
  mul,
  reduceMax,
  reshape,
  slice,
  softmax,
  square,
  sub,
  sum,
} from "../../graph/build.js";
import { Literal } from "../../graph/literal.js";
import type { Value } from "../../graph/value.js";
import type { NetworkSpec } from "../../sim/tasks/lesson.js";
import { linear } from "../network/linear.js";
import { imageTensor, look, mapSize, pointsOf } from "../network/network.js";
import type { Layout } from "../network/parameters.js";
import { type StepModel, stepModel } from "../network/step-model.js";

export interface PoseLossOptions {
  readonly batch: number;
  /** The landmark of each feature point, one entry a channel. Channels of a landmark lie together. */
  readonly landmarkOfChannel: readonly number[];
  /** Weight of the terms that make maps sharp; with 0 only the pose is learned, as in Levine et al. */
  readonly sharpen: number;
  /** Width of the target blob around the landmark, cells. */
  readonly blob: number;
  /** Weight of a feature map's spread: the expected squared distance from its landmark under the softmax, cells². */
  readonly spread: number;
}

/**
 * The pose warm-up (after Levine et al. 2016 §5.2): softmax of every feature map against a Gaussian blob at its landmark
 * (cross-entropy) and their spread around it, both of which make maps sharp; and the landmarks' positions read linearly
 * from the feature points (squared error in half image widths, times the input `precision`).
 *
 * Batch: `image` uint8 [B, H, W, 3]; `configuration` [B, n]; `landmarks` [B, L, 2], columns and rows of cells; `precision` scalar.
 */
export function poseStep(spec: NetworkSpec, layout: Layout, options: PoseLossOptions): StepModel {
  const { batch, landmarkOfChannel, sharpen, blob, spread } = options;
  const count = Math.max(...landmarkOfChannel) + 1;
  const image = input("image", "uint8", [batch, spec.height, spec.width, 3]);
  const configuration = input("configuration", "float32", [batch, spec.configuration]);
  const landmarks = input("landmarks", "float32", [batch, count, 2]);
  const precision = input("precision", "float32", []);
  const parameters = layout.inputs("vision");

  const { maps, points } = look(spec, parameters, imageTensor(image, 1 / 255), configuration);
  const [rows, columns] = mapSize(spec);
  const near = halfDistances(spec, landmarks);
  const blobs = softmax(mul(near, -1 / blob ** 2));
  const cells = reshape(maps, [batch, landmarkOfChannel.length, rows * columns]);
  const [logProbability, probability] = [logSoftmax(cells), softmax(cells)];
  const perMap = sharpen / (batch * landmarkOfChannel.length);
  const terms = (sharpen === 0 ? [] : runs(landmarkOfChannel)).map(({ landmark, from, to }) => {
    const of = (x: Value): Value => slice(x, 1, landmark, landmark + 1);
    const crossEntropy = sum(mul(slice(logProbability, 1, from, to), of(blobs)));
    const distance = sum(mul(slice(probability, 1, from, to), of(near)));
    return add(mul(crossEntropy, -perMap), mul(distance, 2 * spread * perMap));
  });

  const positions = slice(points, 1, 0, 2 * pointsOf(spec));
  const read = linear(parameters, positions, "readout");
  const scale = Literal.from("float32", [2], [2 / (columns - 1), 2 / (rows - 1)]);
  const actual = reshape(sub(mul(landmarks, constant(scale)), 1), [batch, 2 * count]);
  const poseError = mean(square(sub(read, actual)));
  const loss = [...terms, mul(poseError, precision)].reduce((a, b) => add(a, b));
  return stepModel(layout, "vision", batch, parameters, [image, configuration, landmarks, precision], {
    loss,
    poseError,
  });
}

/** Half the squared distance of every cell from every landmark, cells²: [B, L, cells]. */
function halfDistances(spec: NetworkSpec, landmarks: Value): Value {
  const [rows, columns] = mapSize(spec);
  const cells = Array.from({ length: rows * columns }, (_, i) => [i % columns, Math.floor(i / columns)] as const);
  const places = [...cells.map(([x]) => x), ...cells.map(([, y]) => y)];
  const halfSquares = cells.map(([x, y]) => (x * x + y * y) / 2);
  const product = matmul(landmarks, constant(Literal.from("float32", [2, cells.length], places)));
  const fromOrigin = sub(constant(Literal.from("float32", [1, 1, cells.length], halfSquares)), product);
  return add(fromOrigin, mul(sum(square(landmarks), [2], true), 0.5));
}

function logSoftmax(x: Value): Value {
  const shifted = sub(x, reduceMax(x, [2], true));
  return sub(shifted, log(sum(exp(shifted), [2], true)));
}

/** Channels of the same landmark that lie together. */
function runs(landmarkOfChannel: readonly number[]): { landmark: number; from: number; to: number }[] {
  const found: { landmark: number; from: number; to: number }[] = [];
  landmarkOfChannel.forEach((landmark, channel) => {
    const last = found[found.length - 1];
    if (last?.landmark === landmark) last.to = channel + 1;
    else found.push({ landmark, from: channel, to: channel + 1 });
  });
  return found;
}
