import { DuckDBInstance } from "@duckdb/node-api";

let instance: Promise<DuckDBInstance> | undefined;

/** Rows of a query by DuckDB, which reads Parquet on its own account. */
export async function query(sql: string): Promise<Record<string, unknown>[]> {
  instance ??= DuckDBInstance.create();
  const connection = await (await instance).connect();
  try {
    return (await connection.runAndReadAll(sql)).getRowObjectsJS();
  } finally {
    connection.closeSync();
  }
}

/** All parts of a table of a data set. */
export const table = (dataset: string, name: "ticks" | "runs"): string =>
  `read_parquet('${dataset}/${name}/**/*.parquet', hive_partitioning = true, union_by_name = true)`;
