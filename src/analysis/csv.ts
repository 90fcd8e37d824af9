import { type FileHandle, open } from "node:fs/promises";
import type { Run } from "./run.js";
import type { TableColumn } from "./table-column.js";

/** Writes the rows of runs to a file. */
export interface TableWriter {
  write(run: Run): Promise<void>;
  close(): Promise<void>;
}

/** Ticks that are written at once. */
const BLOCK = 1000;

/** Writes the table as CSV (RFC 4180) with a header line. Nine digits are enough for float32; an empty cell was not computed. */
export class CsvWriter implements TableWriter {
  readonly #file: FileHandle;
  readonly #columns: readonly TableColumn[];

  static async create(path: string, columns: readonly TableColumn[]): Promise<CsvWriter> {
    const file = await open(path, "w");
    try {
      await file.appendFile(`${columns.map(({ name }) => quoted(name)).join(",")}\n`);
    } catch (error) {
      await file.close();
      throw error;
    }
    return new CsvWriter(file, columns);
  }

  private constructor(file: FileHandle, columns: readonly TableColumn[]) {
    this.#file = file;
    this.#columns = columns;
  }

  async write(run: Run): Promise<void> {
    const { joints } = run.identity;
    for (let from = 0; from < run.ticks; from += BLOCK) {
      let lines = "";
      for (let i = from; i < Math.min(run.ticks, from + BLOCK); i++) {
        for (let j = 0; j < joints.length; j++) {
          lines += `${this.#columns.map((column) => cell(column, run, i, j)).join(",")}\n`;
        }
      }
      await this.#file.appendFile(lines);
    }
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

function cell({ type, value }: TableColumn, run: Run, i: number, j: number): string {
  const found = value(run, i, j);
  if (found === null) return "";
  if (type === "FLOAT") return String(Number((found as number).toPrecision(9)));
  return typeof found === "string" ? quoted(found) : String(found);
}

/** A text as a cell of a CSV file (RFC 4180). A text that a spreadsheet would take for a formula gets a `'` before it. */
export function quoted(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
