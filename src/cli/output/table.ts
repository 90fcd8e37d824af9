import { visibleLine } from "../../text/visible.js";

/**
 * Rows with their cells in columns, indented by two.
 * @param numeric index of the first of the right-aligned columns; default none
 */
export function columns(texts: readonly (readonly string[])[], numeric = Number.POSITIVE_INFINITY): string {
  const rows = texts.map((row) => row.map(visibleLine));
  const widths: number[] = [];
  for (const row of rows)
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, cell.length);
    });
  const padded = (cell: string, column: number) =>
    column < numeric ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!);
  return rows.map((row) => `  ${row.map(padded).join("  ")}`.trimEnd()).join("\n");
}
