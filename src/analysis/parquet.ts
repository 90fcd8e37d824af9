import type { TableWriter } from "./csv.js";
import { ParquetFile, type ParquetOptions } from "./parquet-file.js";
import type { Run } from "./run.js";
import type { TableColumn } from "./table-column.js";

/** Writes the table as Parquet; null was not computed. */
export class ParquetTable implements TableWriter {
  readonly #columns: readonly TableColumn[];
  readonly #file: ParquetFile;

  constructor(path: string, columns: readonly TableColumn[], options: ParquetOptions = {}) {
    this.#columns = columns;
    this.#file = new ParquetFile(path, columns, options);
  }

  async write(run: Run): Promise<void> {
    const joints = run.identity.joints.length;
    for (let i = 0; i < run.ticks; i++) {
      for (let j = 0; j < joints; j++) this.#file.add(this.#columns.map(({ value }) => value(run, i, j)));
      await this.#file.drain();
    }
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}
