// Tables of docs/conformance.md, between `<!-- NAME -->` and `<!-- end -->`.
import { readFileSync, writeFileSync } from "node:fs";

const PAGE = new URL("../docs/conformance.md", import.meta.url);

/** Largest error that counts as agreement. */
export const TOLERANCE = 1e-4;

export const rounded = (x) => (x === 0 ? "0" : Number.isNaN(x) ? "not finite" : x.toExponential(1));

const row = (cells) => `| ${cells.join(" | ")} |`;
export const table = (head, rows) => [row(head), row(head.map(() => "---")), ...rows.map(row)].join("\n");

/** The largest; NaN if one is. */
export const largest = (values) => values.reduce((a, b) => (b > a || Number.isNaN(b) ? b : a), 0);

/** Replaces sections of the page, by name. */
export function writeSections(sections) {
  let page = readFileSync(PAGE, "utf8");
  for (const [name, text] of Object.entries(sections))
    page = page.replace(
      new RegExp(`(<!-- ${name} -->\n)[^]*?(\n<!-- end -->)`),
      (_, start, end) => `${start}${text}${end}`,
    );
  writeFileSync(PAGE, page);
}
