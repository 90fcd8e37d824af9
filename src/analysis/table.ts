import type { OutputMeaning } from "../outputs/kinds.js";
import { METRICS, type Metric } from "./metrics.js";
import { counts, flagsAt, type Run, wordsAt } from "./run.js";
import type { TableColumn } from "./table-column.js";

/**
 * The columns of the table that has a row a tick and joint.
 * @param modalities of all runs that go into the table
 * @param setOf names the set of a run, if there are two
 * @param outputs of all of them, torques by default
 * @param listens true where some policy is told in words what to do: a column with the sentence, and two with its tokens
 *   and their relevance as JSON lists
 */
export function tableColumns(
  modalities: readonly string[],
  setOf?: (run: Run) => string,
  outputs?: readonly OutputMeaning[],
  listens = false,
): TableColumn[] {
  const { torques, shares, ...others } = METRICS;
  return [
    ...(setOf ? [{ name: "set", type: "STRING", value: setOf } as const] : []),
    { name: "bag", type: "STRING", value: ({ bag }) => bag },
    { name: "episode", type: "INT32", value: ({ episode }) => episode },
    { name: "t_ns", type: "INT64", value: ({ stamp }, i) => stamp[i]! },
    { name: "tick", type: "INT32", value: ({ tick }, i) => tick[i]! },
    { name: "joint", type: "STRING", value: ({ identity }, _, j) => identity.joints[j]! },
    ...torques.columns(modalities, outputs),
    ...shares.columns(modalities),
    { name: "counts", type: "BOOLEAN", value: counts },
    { name: "level", type: "INT32", value: ({ level }, i) => level[i]! },
    { name: "flags", type: "STRING", value: (run, i) => flagsAt(run, i).join(" ") },
    ...(listens ? WORD_COLUMNS : []),
    ...Object.values<Metric<unknown>>(others).flatMap((metric) => metric.columns?.(modalities) ?? []),
    { name: "method", type: "STRING", value: ({ identity }) => identity.method },
    { name: "policy_sha256", type: "STRING", value: ({ identity }) => identity.policySha256 },
  ];
}

const WORD_COLUMNS: readonly TableColumn[] = [
  { name: "instruction", type: "STRING", value: (run, i) => wordsAt(run, i)?.text ?? null },
  { name: "instruction_tokens", type: "STRING", value: (run, i) => listOf(wordsAt(run, i)?.tokens) },
  { name: "instruction_relevance", type: "STRING", value: (run, i) => listOf(wordsAt(run, i)?.relevance) },
];

const listOf = (items: ArrayLike<unknown> | undefined): string | null =>
  items && items.length > 0 ? JSON.stringify(Array.from(items)) : null;
