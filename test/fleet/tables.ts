import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { decompress } from "fzstd";
import { asyncBufferFromFile, parquetReadObjects } from "hyparquet";

export type Row = Readonly<Record<string, unknown>>;

const compressors = { ZSTD: (data: Uint8Array, length: number) => decompress(data, new Uint8Array(length)) };

/** Rows of a Parquet file. */
export const rowsOf = async (file: string): Promise<Row[]> =>
  parquetReadObjects({ file: await asyncBufferFromFile(file), compressors });

/** Rows of all parts of a data set's table, with the values of the hive partitions. */
export async function rowsIn(dataset: string, table: "ticks" | "runs"): Promise<Row[]> {
  const names = (await readdir(join(dataset, table), { recursive: true })).filter((name) => name.endsWith(".parquet"));
  const parts = names.sort().map(async (name) => {
    const keys = Object.fromEntries(
      Array.from(name.matchAll(/(\w+)=([^/]+)\//g), ([, key, value]) => [key, decodeURIComponent(value!)]),
    );
    return (await rowsOf(join(dataset, table, name))).map((row) => ({ ...row, ...keys }));
  });
  return (await Promise.all(parts)).flat();
}

/** Rows without some columns, in an order of their own, to compare tables as sets. */
export const sortedWithout = (rows: readonly Row[], ...columns: readonly string[]): string[] =>
  rows
    .map((row) =>
      Object.entries(row)
        .filter(([name]) => !columns.includes(name))
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    )
    .map((entries) => JSON.stringify(entries, (_, value) => (typeof value === "bigint" ? `${value}` : value)))
    .sort();
