import { parquetMetadata, parquetReadObjects } from "hyparquet";
import { InputError } from "../../errors.js";
import type { Store } from "../store/store.js";
import { type Part, partIn, SCHEMA_VERSION } from "./layout.js";
import { decompressed, zstdReady } from "./zstd.js";

/** A row of the table of runs, as it is in the file. */
export type RunRow = Readonly<Record<string, unknown>>;

/**
 * Reads the table of runs, a part at a time, in the order of the parts' names.
 * @param wanted false for parts to pass over
 * @param problem called with a part that cannot be read, which is left out
 * @throws InputError where there is no data set
 */
export async function* readRunsTable(
  store: Store,
  wanted: (part: Part) => boolean,
  problem: (line: string) => void,
): AsyncGenerator<{ readonly part: Part; readonly rows: readonly RunRow[] }> {
  await zstdReady;
  const names: string[] = [];
  for await (const name of store.list("runs/")) if (partIn(name)) names.push(name);
  if (names.length === 0) throw new InputError(`${store.uri}: no runs in it, expected a data set of torquelens batch`);
  for (const name of names.sort()) {
    const part = partIn(name)!;
    if (!wanted(part)) continue;
    try {
      const data = await store.read(name);
      // It may have been replaced since.
      if (data) yield { part, rows: await rowsOf(data) };
    } catch (error) {
      if (error instanceof InputError) problem(error.message);
      else problem(`${store.uri}/${name}: cannot be read as Parquet (${(error as Error).message.split("\n")[0]})`);
    }
  }
}

async function rowsOf(data: Uint8Array): Promise<RunRow[]> {
  const file = data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength) as ArrayBuffer;
  const metadata = parquetMetadata(file);
  const schema = metadata.key_value_metadata?.find(({ key }) => key === "torquelens.schema")?.value;
  if (schema !== String(SCHEMA_VERSION))
    throw new Error(`its schema is ${schema ?? "of no version"}, expected ${SCHEMA_VERSION}`);
  return parquetReadObjects({ file, metadata, compressors: { ZSTD: decompressed } });
}
