/** Figures of a training, each a mean over the rollouts of a point. */
export const FIGURES = [
  "return",
  "length",
  "success",
  "loss",
  "surrogate",
  "error",
  "entropy",
  "kl",
  "clipped",
  "norm",
  "right",
  "mask",
] as const;

export type Figure = (typeof FIGURES)[number];

/** A point of the curves: environment steps so far, episodes that ended since the point before, and the figures. */
export type PpoPoint = { readonly steps: number; readonly episodes: number } & Readonly<Record<Figure, number | null>>;

/** Sums since the last point; of each figure also its count. All of it is JSON. */
export interface PpoHistoryState {
  readonly points: readonly PpoPoint[];
  readonly sums: Readonly<Partial<Record<Figure, readonly [sum: number, count: number]>>>;
  readonly episodes: number;
}

/** Largest number of points of a training. */
const POINTS = 400;

/** Curves of a training by reward; all of its state is JSON. */
export class PpoHistory {
  #state: PpoHistoryState;

  constructor(state: PpoHistoryState = { points: [], sums: {}, episodes: 0 }) {
    this.#state = state;
  }

  get state(): PpoHistoryState {
    return this.#state;
  }

  /** Adds figures of one rollout, or of one episode. */
  add(figures: Readonly<Partial<Record<Figure, number>>>): void {
    const sums = { ...this.#state.sums };
    for (const name of FIGURES) {
      const value = figures[name];
      if (value === undefined) continue;
      const [sum, count] = sums[name] ?? [0, 0];
      sums[name] = [sum + value, count + 1];
    }
    const episodes = this.#state.episodes + (figures.return === undefined ? 0 : 1);
    this.#state = { ...this.#state, sums, episodes };
  }

  /** Ends a rollout: a point where enough have gone by. */
  rollout(iteration: number, iterations: number, steps: number): void {
    const every = Math.ceil(iterations / POINTS);
    if ((iteration + 1) % every !== 0 && iteration + 1 !== iterations) return;
    const { sums, episodes, points } = this.#state;
    const means = FIGURES.map((name) => {
      const [sum, count] = sums[name] ?? [0, 0];
      return [name, count === 0 ? null : sum / count] as const;
    });
    const figures = Object.fromEntries(means) as Record<Figure, number | null>;
    this.#state = { points: [...points, { steps, episodes, ...figures }], sums: {}, episodes: 0 };
  }

  /** The newest value of a figure. */
  newest(name: Figure): number | null {
    const [sum, count] = this.#state.sums[name] ?? [0, 0];
    return count > 0 ? sum / count : (this.#state.points.at(-1)?.[name] ?? null);
  }
}
