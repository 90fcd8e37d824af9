import { basename } from "node:path";
import { InputError } from "../errors.js";
import { readText } from "../files/reading.js";
import { parseNumber } from "../numbers/decimal.js";
import { type Outcome, outcomeWord } from "./outcome.js";

const COLUMNS = ["run", "success", "error", "condition"];

/** Outcomes by run, from a table that a user wrote. */
export class OutcomeTable {
  readonly #unused: Set<string>;

  private constructor(
    private readonly path: string,
    private readonly rows: ReadonlyMap<string, Outcome>,
  ) {
    this.#unused = new Set(rows.keys());
  }

  /**
   * Reads a CSV table with the columns `run` and `success`, and perhaps `error` (metres) and `condition`.
   * @throws InputError that names file and line
   */
  static async read(path: string): Promise<OutcomeTable> {
    return OutcomeTable.parse(await readText(path, "the table of outcomes"), path);
  }

  /** As `read`, from text. */
  static parse(text: string, path: string): OutcomeTable {
    const [head = [], ...lines] = cellsOf(text);
    const names = head.map((name) => name.trim().toLowerCase());
    const unknown = names.find((name) => !COLUMNS.includes(name));
    if (!names.includes("run") || !names.includes("success") || unknown !== undefined)
      throw new InputError(
        `${path}: found ${head.length > 0 ? `the columns ${head.join(", ")}` : "nothing"}, expected run, success[, error, condition]`,
      );
    const rows = new Map<string, Outcome>();
    for (const [at, cells] of lines.entries()) {
      const where = `${path}: line ${at + 2}`;
      const cell = (name: string) => cells[names.indexOf(name)]?.trim() ?? "";
      const run = cell("run");
      const success = outcomeWord(cell("success").replace(/^1$/, "true").replace(/^0$/, "false"));
      if (cells.length !== names.length)
        throw new InputError(`${where}: found ${cells.length} cells, expected ${names.length} (${names.join(", ")})`);
      if (run === "" || rows.has(run))
        throw new InputError(`${where}: ${run === "" ? "no run" : `the run ${run} again`}, expected each run once`);
      if (success === undefined)
        throw new InputError(`${where}: success: found "${cell("success")}", expected success or failure`);
      const error = cell("error") === "" ? undefined : parseNumber(cell("error"));
      if (error === undefined && cell("error") !== "")
        throw new InputError(`${where}: error: found "${cell("error")}", expected metres`);
      rows.set(run, { success, ...(error !== undefined && { error }), condition: cell("condition") || null });
    }
    return new OutcomeTable(path, rows);
  }

  /** The outcome of a run, which is named by its name, or by that without folders and ending. */
  of(run: { readonly bag: string; readonly episode: number }): Outcome | undefined {
    const episode = run.episode === 0 ? "" : `#${run.episode}`;
    const file = basename(run.bag);
    for (const bag of [run.bag, file, file.replace(/\.[^.]*$/, "")]) {
      const names = run.episode === 0 ? [bag, `${bag}#0`] : [`${bag}${episode}`];
      for (const name of names) {
        const outcome = this.rows.get(name);
        if (!outcome) continue;
        this.#unused.delete(name);
        return outcome;
      }
    }
    return undefined;
  }

  /** @throws InputError where no row was of any run */
  checkUsed(): void {
    if (this.unused !== undefined && this.#unused.size === this.rows.size)
      throw new InputError(
        `${this.unused}; expected names of bags, such as good.mcap, or good.mcap#1 for its second run`,
      );
  }

  /** A line about rows that were of no run; undefined where there are none. */
  get unused(): string | undefined {
    const [first] = this.#unused;
    if (first === undefined) return undefined;
    return `${this.path}: ${this.#unused.size} of ${this.rows.size} rows name no run of this report, the first: ${first}`;
  }
}

/** Cells of a CSV text (RFC 4180); blank lines are left out. */
function cellsOf(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (const match of text.replace(/^\uFEFF/, "").matchAll(/("(?:[^"]|"")*"|[^",\r\n]*)(,|\r?\n|$)/g)) {
    const [, cell = "", end] = match;
    row.push(cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell);
    if (end === ",") continue;
    if (row.some((found) => found.trim() !== "")) rows.push(row);
    row = [];
    if (end === "") break;
  }
  return rows;
}
