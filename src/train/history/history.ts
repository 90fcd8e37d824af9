import type { IterationFigures } from "../episodes/outcome.js";

/** A fit's losses: [step, mean of every scalar since the previous point]. */
export interface PhaseCurve {
  readonly phase: string;
  readonly points: (readonly number[])[];
}

/** Largest number of points a curve. */
const POINTS = 100;
/** A loss has exploded at this multiple of the fit's first point. */
const EXPLODED = 1000;
/** A smaller first point counts as this one: a student that starts as its teacher has nothing left to lower. */
const LEAST = 1e-3;

/** A loss that is not finite, or that has exploded. */
export class DivergenceError extends Error {}

/** Loss curves and figures of a training; all of its state is JSON. */
export class History {
  readonly curves: PhaseCurve[];
  readonly iterations: IterationFigures[];
  #sums: number[];
  #count: number;

  constructor({ curves, iterations, sums, count }: HistoryState = { curves: [], iterations: [], sums: [], count: 0 }) {
    this.curves = curves.map(({ phase, points }) => ({ phase, points: [...points] }));
    this.iterations = [...iterations];
    this.#sums = [...sums];
    this.#count = count;
  }

  get state(): HistoryState {
    const curves = this.curves.map(({ phase, points }) => ({ phase, points: [...points] }));
    return { curves, iterations: [...this.iterations], sums: [...this.#sums], count: this.#count };
  }

  /**
   * Adds a step's scalars, the loss first.
   * @throws DivergenceError
   */
  step(phase: string, step: number, steps: number, scalars: readonly number[]): void {
    const at = `${phase} diverged at step ${step + 1} of ${steps}`;
    if (!scalars.every(Number.isFinite)) throw new DivergenceError(`${at}: the loss is ${scalars[0]}`);
    let curve = this.curves[this.curves.length - 1];
    if (curve?.phase !== phase) {
      curve = { phase, points: [] };
      this.curves.push(curve);
      this.#forget();
    }
    this.#sums = scalars.map((value, i) => value + (this.#sums[i] ?? 0));
    this.#count++;
    const last = step === steps - 1;
    if (this.#count < steps / POINTS && !last) return;
    const point = [step + 1, ...this.#sums.map((sum) => sum / this.#count)];
    this.#forget();
    curve.points.push(point);
    const [[, first]] = curve.points as [[number, number]];
    if (point[1]! > EXPLODED * Math.max(first, LEAST))
      throw new DivergenceError(`${at}: the loss grew from ${first.toExponential(2)} to ${point[1]!.toExponential(2)}`);
  }

  #forget(): void {
    this.#sums = [];
    this.#count = 0;
  }
}

export interface HistoryState {
  readonly curves: readonly PhaseCurve[];
  readonly iterations: readonly IterationFigures[];
  readonly sums: readonly number[];
  readonly count: number;
}
