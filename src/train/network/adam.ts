/** State of an optimiser between steps, for checkpoints. */
export interface AdamState {
  readonly steps: number;
  readonly mean: Float64Array;
  readonly square: Float64Array;
}

/** Adam (Kingma & Ba 2015) on a range of a flat parameter vector. */
export class Adam {
  #mean: Float64Array;
  #square: Float64Array;
  #steps = 0;

  constructor(
    readonly from: number,
    readonly to: number,
    readonly beta1 = 0.9,
    readonly beta2 = 0.999,
    readonly epsilon = 1e-8,
  ) {
    this.#mean = new Float64Array(to - from);
    this.#square = new Float64Array(to - from);
  }

  /** A copy of the state. */
  get state(): AdamState {
    return { steps: this.#steps, mean: this.#mean.slice(), square: this.#square.slice() };
  }

  set state({ steps, mean, square }: AdamState) {
    this.#steps = steps;
    this.#mean = mean.slice();
    this.#square = square.slice();
  }

  /**
   * One step down the mean of `gradients` (one vector a worker, added in order), in place.
   * @param factor on that mean, see `clipFactor`
   */
  step(parameters: Float32Array, gradients: readonly Float32Array[], rate: number, factor = 1): void {
    this.#steps++;
    const { beta1, beta2, epsilon, from, to } = this;
    const meanScale = 1 / (1 - beta1 ** this.#steps);
    const squareScale = 1 / (1 - beta2 ** this.#steps);
    const share = factor / gradients.length;
    for (let i = from, k = 0; i < to; i++, k++) {
      let gradient = 0;
      for (let worker = 0; worker < gradients.length; worker++) gradient += gradients[worker]![i]!;
      gradient *= share;
      const mean = beta1 * this.#mean[k]! + (1 - beta1) * gradient;
      const square = beta2 * this.#square[k]! + (1 - beta2) * gradient * gradient;
      this.#mean[k] = mean;
      this.#square[k] = square;
      parameters[i]! -= (rate * meanScale * mean) / (Math.sqrt(square * squareScale) + epsilon);
    }
  }
}

/** Euclidean norm of the mean of `gradients` (one vector a worker) over a range of their elements. */
export function gradientNorm(gradients: readonly Float32Array[], from: number, to: number): number {
  let squares = 0;
  for (let i = from; i < to; i++) {
    let gradient = 0;
    for (let worker = 0; worker < gradients.length; worker++) gradient += gradients[worker]![i]!;
    squares += gradient * gradient;
  }
  return Math.sqrt(squares) / gradients.length;
}

/** Factor that shortens a gradient of this norm to `most`; 1 where it is shorter (as PyTorch's clip_grad_norm_). */
export const clipFactor = (norm: number, most: number): number => Math.min(1, most / (norm + 1e-6));

/** Learning rate at step `step` of `steps` (from 0): a linear warm-up, then half a cosine from `peak` down to `end` × peak. */
export function cosineRate(step: number, steps: number, peak: number, warmUp = 50, end = 0.01): number {
  const fraction = (step + 1) / steps;
  const cosine = end + (1 - end) * 0.5 * (1 + Math.cos(Math.PI * fraction));
  return peak * cosine * Math.min(1, (step + 1) / warmUp);
}
