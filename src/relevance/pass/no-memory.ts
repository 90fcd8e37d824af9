import { abs, equal, reduceMax, where } from "../../graph/build.js";
import type { Value } from "../../graph/value.js";
import type { Relevance } from "../contract/carrier.js";
import type { Subject } from "../contract/subject.js";

/** Inputs that a policy carries from tick to tick, and measures from zero. */
export const memoryOf = ({ graph, modalities }: Subject): ReadonlySet<Value> =>
  new Set(
    modalities.flatMap((m) =>
      m.kind === "values" && m.isCarried && Array.from(m.reference.values).every((x) => x === 0)
        ? [graph.inputs.get(m.input)!]
        : [],
    ),
  );

/**
 * Relevance that arrived at a memory. One of zeros, as at the first tick, is none yet: what arrived there is that of units
 * which nothing else speaks for, and constants take it.
 */
export function partedMemory(memory: Value, { amount, ...of }: Relevance): { kept: Relevance; taken: Value } {
  const isNone = equal(reduceMax(abs(memory)), 0);
  return { kept: { ...of, amount: where(isNone, 0, amount) }, taken: where(isNone, amount, 0) };
}
