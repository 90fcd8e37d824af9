import type { Run } from "./run.js";

/** A column of the table that has a row a tick and joint. */
export interface TableColumn {
  readonly name: string;
  readonly type: "STRING" | "INT32" | "INT64" | "FLOAT" | "BOOLEAN";
  /** Value of joint j at tick i; null if it was not computed. */
  readonly value: (run: Run, i: number, j: number) => string | number | bigint | boolean | null;
}

const known = (value: number | undefined) => (value === undefined || Number.isNaN(value) ? null : value);

/** @param values a number a tick, [n] */
export const tickColumn = (name: string, values: (run: Run) => Float32Array): TableColumn => ({
  name,
  type: "FLOAT",
  value: (run, i) => known(values(run)[i]),
});

/** @param values a number a torque, [n × J] */
export const torqueColumn = (name: string, values: (run: Run) => Float32Array): TableColumn => ({
  name,
  type: "FLOAT",
  value: (run, i, j) => known(values(run)[i * run.identity.joints.length + j]),
});

/**
 * A column a modality; null for a run without it.
 * @param values shares of each tick or torque, [n × M] or [n × J × M]
 */
export const shareColumns = (
  prefix: string,
  modalities: readonly string[],
  values: (run: Run) => Float32Array,
  row: "tick" | "torque",
): TableColumn[] =>
  modalities.map((modality) => ({
    name: `${prefix}${modality}`,
    type: "FLOAT",
    value: (run, i, j) => {
      const { modalities: own, joints } = run.identity;
      const m = own.indexOf(modality);
      const at = row === "tick" ? i : i * joints.length + j;
      return m < 0 ? null : known(values(run)[at * own.length + m]);
    },
  }));

/** An object with a value for each modality. */
export const byModality = <T>(modalities: readonly string[], value: (m: number) => T): Record<string, T> =>
  Object.fromEntries(modalities.map((modality, m) => [modality, value(m)]));
