import { type ColumnSource, fileWriter, ParquetWriter, schemaFromColumnData } from "hyparquet-writer";
import type { TableColumn } from "./table-column.js";

/** Rows in a row group; one group is in memory at a time. */
const GROUP = 65_536;

export type Cell = string | number | bigint | boolean | null;

export interface ParquetOptions {
  /** Compresses the columns' pages as zstd; default Snappy. */
  readonly zstd?: (data: Uint8Array) => Uint8Array;
  /** Key-value metadata of the file. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** A Parquet file that is written row by row. The same rows give the same bytes. */
export class ParquetFile {
  readonly #columns: readonly Pick<TableColumn, "name" | "type">[];
  readonly #writer: ParquetWriter;
  #data: Cell[][];

  constructor(
    path: string,
    columns: readonly Pick<TableColumn, "name" | "type">[],
    { zstd, metadata = {} }: ParquetOptions = {},
  ) {
    this.#columns = columns;
    this.#data = columns.map(() => []);
    this.#writer = new ParquetWriter({
      writer: fileWriter(path),
      schema: schemaFromColumnData({ columnData: this.#sources() }),
      createdBy: "torquelens",
      ...(zstd && { codec: "ZSTD", compressors: { ZSTD: zstd } }),
      kvMetadata: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    });
  }

  /** Keeps a row until `drain` or `close`. @param row a cell a column */
  add(row: readonly Cell[]): void {
    for (const [c, cell] of row.entries()) this.#data[c]!.push(cell);
  }

  /** Writes the rows so far, where they fill a row group. */
  async drain(): Promise<void> {
    if (this.#data[0]!.length >= GROUP) await this.#flush();
  }

  async close(): Promise<void> {
    await this.#flush();
    await this.#writer.finish();
  }

  async #flush(): Promise<void> {
    const rowGroupSize = this.#data[0]!.length;
    if (rowGroupSize === 0) return;
    await this.#writer.write({ columnData: this.#sources(), rowGroupSize });
    this.#data = this.#columns.map(() => []);
  }

  #sources(): ColumnSource[] {
    return this.#columns.map(({ name, type }, c) => ({ name, type, nullable: true, data: this.#data[c]! }));
  }
}
