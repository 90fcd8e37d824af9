import { DivergenceError } from "../history/history.js";
import type { Figure, PpoHistory } from "./history.js";

/** Scalars of a training step by reward, in its order. */
export const SCALARS = ["loss", "surrogate", "error", "entropy", "kl", "clipped"] as const;

export type StepFigures = Record<(typeof SCALARS)[number] | "norm", number>;

/**
 * Means of the workers' scalars, with the norm of the whole gradient.
 * @param at where the training is, in words
 * @throws DivergenceError where one is not finite
 */
export function stepFigures(scalars: readonly (readonly number[])[], norm: number, at: string): StepFigures {
  const mean = (i: number): number => scalars.reduce((sum, row) => sum + row[i]!, 0) / scalars.length;
  const figures = { ...Object.fromEntries(SCALARS.map((name, i) => [name, mean(i)])), norm } as StepFigures;
  for (const [name, value] of Object.entries(figures)) {
    if (Number.isFinite(value)) continue;
    const what = name === "norm" ? "the gradient's norm" : `the ${name}`;
    throw new DivergenceError(`${at}: ${what} is ${value}`);
  }
  return figures;
}

/** A few words on the newest episodes. */
export function noteOn(history: PpoHistory): string {
  const words = (name: Figure, of: (value: number) => string): string[] => {
    const value = history.newest(name);
    return value === null ? [] : [of(value)];
  };
  return [
    ...words("success", (value) => `success ${(100 * value).toFixed(0)} %`),
    ...words("return", (value) => `return ${value.toFixed(2)}`),
    ...words("entropy", (value) => `entropy ${value.toFixed(2)}`),
  ].join(", ");
}
