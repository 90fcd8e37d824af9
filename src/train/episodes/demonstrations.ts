import type { Random } from "../../sim/random.js";
import type { NetworkSpec } from "../../sim/tasks/lesson.js";
import { headInputs } from "../network/network.js";
import { sharedFloats } from "../network/parameters.js";
import type { Tick } from "./episodes.js";

/**
 * Labelled ticks in shared memory: one row a tick, the ticks of an episode together. A row holds the input of the first
 * hidden layer (feature points, then the configuration, not standardised) and the label: torques as parts of their limits.
 */
export interface Demonstrations {
  readonly ticks: number;
  readonly width: number;
  readonly torques: number;
  /** [rows × width]. */
  readonly inputs: Float32Array;
  /** [rows × torques]. */
  readonly labels: Float32Array;
  /** What the task's images of the rows are rendered from (`save`), of equal length each; empty where nobody asks. */
  readonly scenes: Float64Array;
  /** Mean and 1 / standard deviation of every input element, [width] each. */
  readonly mean: Float32Array;
  readonly scale: Float32Array;
}

/** @param scene length of a row's scene, 0 to keep none */
export function allocateDemonstrations(spec: NetworkSpec, episodes: number, ticks: number, scene = 0): Demonstrations {
  const width = headInputs(spec);
  const rows = episodes * ticks;
  return {
    ticks,
    width,
    torques: spec.torques,
    inputs: sharedFloats(rows * width),
    labels: sharedFloats(rows * spec.torques),
    scenes: new Float64Array(new SharedArrayBuffer(8 * rows * scene)),
    mean: sharedFloats(width),
    scale: sharedFloats(width).fill(1),
  };
}

/** Computes mean and 1 / deviation over the first `rows` rows. 1/σ is at most `most`, for elements that hardly vary. */
export function standardise({ width, inputs, mean, scale }: Demonstrations, rows: number, most = 30): void {
  for (let j = 0; j < width; j++) {
    let sum = 0;
    for (let i = 0; i < rows; i++) sum += inputs[i * width + j]!;
    const centre = sum / rows;
    let squares = 0;
    for (let i = 0; i < rows; i++) squares += (inputs[i * width + j]! - centre) ** 2;
    mean[j] = centre;
    scale[j] = Math.min(most, 1 / (Math.sqrt(squares / rows) + 1e-6));
  }
}

/** Writes a tick to its row; labels as parts of the torque limits. */
export function recordTick(
  { inputs, labels, scenes, width, torques, ticks }: Demonstrations,
  torqueLimit: Float64Array,
  { episode, tick, action: { points, configuration }, label, scene }: Tick,
): void {
  const row = episode * ticks + tick;
  if (scenes.length > 0) scenes.set(scene, row * scene.length);
  inputs.set(points, row * width);
  inputs.set(configuration, row * width + points.length);
  label.forEach((value, j) => {
    labels[row * torques + j] = value / torqueLimit[j]!;
  });
}

/** The scene of a row, for `restore`. */
export function sceneOf({ scenes, inputs, width }: Demonstrations, row: number): Float64Array {
  const length = (scenes.length * width) / inputs.length;
  return scenes.slice(row * length, (row + 1) * length);
}

/** The label of a row, as parts of the torque limits. */
export const labelOf = ({ labels, torques }: Demonstrations, row: number): Float32Array =>
  labels.subarray(row * torques, (row + 1) * torques);

export interface Sampling {
  /** Range of rows to draw from: the first one, default 0, and one past the last. */
  readonly from?: number;
  readonly rows: number;
  /** Leading elements of a row that come from the image. */
  readonly points: number;
  /** Noise on the feature points, standard deviations. */
  readonly noise: number;
  /**
   * Share of samples with the feature points of another tick of their episode (half of them of the first): the target
   * is the same, the arm is not, so the policy learns to take the arm's pose from the configuration.
   */
  readonly stale: number;
}

/** Fills a batch with randomly drawn rows, standardised: `x` [B × width], `torque` [B × torques]. */
export function sample(
  { ticks, width, torques, inputs, labels, mean, scale }: Demonstrations,
  { from = 0, rows, points, noise, stale }: Sampling,
  random: Random,
  x: Float32Array,
  torque: Float32Array,
): void {
  for (let i = 0; i * torques < torque.length; i++) {
    const row = from + random.integer(rows - from);
    let seen = row;
    if (random.uniform() < stale) {
      const first = row - (row % ticks);
      seen = random.uniform() < 0.5 ? first : first + random.integer(ticks);
    }
    for (let j = 0; j < width; j++) {
      const raw = inputs[(j < points ? seen : row) * width + j]!;
      const disturbance = j < points && noise > 0 ? noise * random.normal() : 0;
      x[i * width + j] = (raw - mean[j]!) * scale[j]! + disturbance;
    }
    for (let j = 0; j < torques; j++) torque[i * torques + j] = labels[row * torques + j]!;
  }
}
