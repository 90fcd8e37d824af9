import type { Outcome } from "./outcome.js";

/** What runs can be grouped by, and the group of a run. */
export const GROUPINGS = {
  outcome: (outcome: Outcome | undefined) =>
    outcome === undefined ? "unknown" : outcome.success ? "success" : "failure",
  condition: (outcome: Outcome | undefined) => outcome?.condition || "unknown",
  ablation: (outcome: Outcome | undefined) => outcome?.ablation || "none",
  perturbed: (outcome: Outcome | undefined) => (outcome?.perturbations?.length ? "perturbed" : "undisturbed"),
} as const satisfies Readonly<Record<string, (outcome: Outcome | undefined) => string>>;

export type GroupKey = keyof typeof GROUPINGS;

export const isGroupKey = (key: string): key is GroupKey => Object.hasOwn(GROUPINGS, key);
