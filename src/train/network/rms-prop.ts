import type { AdamState } from "./adam.js";

/** RMSprop (Tieleman & Hinton 2012) on a whole parameter vector, as PyTorch's: no momentum, not centred. */
export class RmsProp {
  #square: Float64Array;
  #steps = 0;

  constructor(
    readonly length: number,
    readonly decay = 0.99,
    readonly epsilon = 1e-8,
  ) {
    this.#square = new Float64Array(length);
  }

  /** A copy of the state; it has no mean. */
  get state(): AdamState {
    return { steps: this.#steps, mean: new Float64Array(0), square: this.#square.slice() };
  }

  set state({ steps, square }: AdamState) {
    this.#steps = steps;
    this.#square = square.slice();
  }

  /**
   * One step down the mean of `gradients` (one vector a worker, added in order), in place.
   * @param factor on that mean
   * @param from first element that is moved
   */
  step(parameters: Float32Array, gradients: readonly Float32Array[], rate: number, factor = 1, from = 0): void {
    this.#steps++;
    const share = factor / gradients.length;
    for (let i = from; i < this.length; i++) {
      let gradient = 0;
      for (const of of gradients) gradient += of[i]!;
      gradient *= share;
      const square = this.decay * this.#square[i]! + (1 - this.decay) * gradient * gradient;
      this.#square[i] = square;
      parameters[i]! -= (rate * gradient) / (Math.sqrt(square) + this.epsilon);
    }
  }
}
