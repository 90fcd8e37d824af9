import { type ColumnSource, fileWriter, ParquetWriter, schemaFromColumnData } from "hyparquet-writer";
import type { TableWriter } from "./csv.js";
import type { Run } from "./run.js";
import type { TableColumn } from "./table-column.js";

/** Ticks in a row group; one group is in memory at a time. */
const GROUP = 10_000;

/** Writes the table as Snappy-compressed Parquet; null was not computed. */
export class ParquetTable implements TableWriter {
  readonly #columns: readonly TableColumn[];
  readonly #writer: ParquetWriter;

  constructor(path: string, columns: readonly TableColumn[]) {
    this.#columns = columns;
    const columnData = columns.map(({ name, type }): ColumnSource => ({ name, type, nullable: true, data: [] }));
    this.#writer = new ParquetWriter({
      writer: fileWriter(path),
      schema: schemaFromColumnData({ columnData }),
      createdBy: "torquelens",
    });
  }

  async write(run: Run): Promise<void> {
    const joints = run.identity.joints.length;
    for (let from = 0; from < run.ticks; from += GROUP) {
      const rows = (Math.min(run.ticks, from + GROUP) - from) * joints;
      const columnData = this.#columns.map(({ name, type, value }) => ({
        name,
        type,
        nullable: true,
        data: Array.from({ length: rows }, (_, row) => value(run, from + Math.floor(row / joints), row % joints)),
      }));
      await this.#writer.write({ columnData, rowGroupSize: rows });
    }
  }

  async close(): Promise<void> {
    await this.#writer.finish();
  }
}
