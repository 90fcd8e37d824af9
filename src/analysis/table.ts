import { counts, flagsAt, type Run } from "./run.js";

/** A column of the table with one row a tick and joint. */
export interface TableColumn {
  readonly name: string;
  readonly type: "STRING" | "INT32" | "INT64" | "FLOAT" | "BOOLEAN";
  /** Value of joint j at tick i; null where it was not computed. */
  readonly value: (run: Run, i: number, j: number) => string | number | bigint | boolean | null;
}

const known = (value: number | undefined) => (value === undefined || Number.isNaN(value) ? null : value);

/**
 * The table's columns.
 * @param set names the set of runs, where there are two
 * @param modalities of all runs that go into the table
 */
export function tableColumns(modalities: readonly string[], setOf?: (run: Run) => string): TableColumn[] {
  const share = (run: Run, modality: string, values: Float32Array, row: number) => {
    const m = run.identity.modalities.indexOf(modality);
    return m < 0 ? null : known(values[row * run.identity.modalities.length + m]);
  };
  return [
    ...(setOf ? [{ name: "set", type: "STRING", value: setOf } as const] : []),
    { name: "bag", type: "STRING", value: ({ bag }) => bag },
    { name: "episode", type: "INT32", value: ({ episode }) => episode },
    { name: "t_ns", type: "INT64", value: ({ stamp }, i) => stamp[i]! },
    { name: "tick", type: "INT32", value: ({ tick }, i) => tick[i]! },
    { name: "joint", type: "STRING", value: ({ identity }, _, j) => identity.joints[j]! },
    { name: "torque", type: "FLOAT", value: (run, i, j) => known(run.torque[i * run.identity.joints.length + j]) },
    {
      name: "importance",
      type: "FLOAT",
      value: (run, i, j) => known(run.importance[i * run.identity.joints.length + j]),
    },
    ...modalities.map(
      (modality): TableColumn => ({
        name: `share_${modality}`,
        type: "FLOAT",
        value: (run, i, j) => share(run, modality, run.torqueShares, i * run.identity.joints.length + j),
      }),
    ),
    ...modalities.map(
      (modality): TableColumn => ({
        name: `total_share_${modality}`,
        type: "FLOAT",
        value: (run, i) => share(run, modality, run.shares, i),
      }),
    ),
    { name: "counts", type: "BOOLEAN", value: counts },
    { name: "level", type: "INT32", value: ({ level }, i) => level[i]! },
    { name: "flags", type: "STRING", value: (run, i) => flagsAt(run, i).join(" ") },
    { name: "residual", type: "FLOAT", value: ({ residual }, i) => known(residual[i]) },
    { name: "latency_ms", type: "FLOAT", value: ({ latencyMs }, i) => known(latencyMs[i]) },
    { name: "method", type: "STRING", value: ({ identity }) => identity.method },
    { name: "policy_sha256", type: "STRING", value: ({ identity }) => identity.policySha256 },
  ];
}
