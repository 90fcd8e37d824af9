import type { Estimate } from "../analysis/bootstrap.js";
import { quoted } from "../analysis/csv.js";
import { number } from "../numbers/format.js";
import { own } from "../own.js";

/** A row of a table by column; null is unknown. */
export type TableRow = Readonly<Record<string, string | number | boolean | null>>;

/** Columns of an estimate. */
export const estimateColumns = ({ mean, interval, count }: Estimate): TableRow => ({
  mean: number(mean),
  low: interval ? number(interval[0]) : null,
  high: interval ? number(interval[1]) : null,
  episodes: count,
});

/** CSV (RFC 4180) with a header line; a cell is empty if its row has no such column. */
export function csv(rows: readonly TableRow[]): string {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const cell = (value: TableRow[string] | undefined) =>
    typeof value === "string" ? quoted(value) : String(value ?? "");
  const line = (row: TableRow) => names.map((name) => cell(own(row, name))).join(",");
  return [names.join(","), ...rows.map(line), ""].join("\n");
}
