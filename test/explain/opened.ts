import { afterEach } from "vitest";
import { Explainer, type ExplainerOptions } from "#src/explain/explainer.js";
import type { Policy } from "#src/policy/policy.js";

/** Explainers and what else is closed after each test of a file. */
export function opened() {
  const open: { close(): Promise<void> }[] = [];
  afterEach(async () => {
    for (const one of open.splice(0)) await one.close();
  });
  return {
    open,
    async create(of: Policy, options: ExplainerOptions = {}): Promise<Explainer> {
      const explainer = await Explainer.create(of, {
        ...{ worker: false, threads: 1, levels: ["full", "shares"] as const },
        ...options,
      });
      open.push(explainer);
      return explainer;
    },
  };
}
