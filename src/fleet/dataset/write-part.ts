import { ParquetTable } from "../../analysis/parquet.js";
import { type Cell, ParquetFile } from "../../analysis/parquet-file.js";
import type { Run } from "../../analysis/run.js";
import { tableColumns } from "../../analysis/table.js";
import type { Policy } from "../../policy/policy.js";
import type { Store } from "../store/store.js";
import { fileOf, type Part, SCHEMA_VERSION } from "./layout.js";
import { type RunFacts, runColumns, runRow } from "./run-row.js";
import { compressed, zstdReady } from "./zstd.js";

/**
 * Writes a job's part of both tables, that of the runs last: where it is, the part is whole. The same runs give the same
 * bytes.
 * @param runs in the order of the recording
 */
export async function writePart(
  store: Store,
  place: Omit<Part, "table">,
  policy: Policy,
  runs: readonly Run[],
  facts: RunFacts,
): Promise<void> {
  await zstdReady;
  const modalities = policy.modalities.map(({ name }) => name);
  const options = { zstd: compressed, metadata: { "torquelens.schema": String(SCHEMA_VERSION) } };
  const slice = { name: "slice", type: "INT32", value: (): Cell => facts.slice } as const;
  const settings = { name: "settings", type: "STRING", value: (): Cell => facts.settings } as const;
  const [bag, ...others] = tableColumns(modalities, undefined, policy.outputs, policy.language !== undefined);
  await store.write(fileOf({ ...place, table: "ticks" }), async (path) => {
    const table = new ParquetTable(path, [bag!, slice, settings, ...others], options);
    for (const run of runs) await table.write(run);
    await table.close();
  });
  await store.write(fileOf({ ...place, table: "runs" }), async (path) => {
    const columns = runColumns(modalities);
    const file = new ParquetFile(path, columns, options);
    for (const run of runs) file.add(runRow(columns, run, facts));
    await file.close();
  });
}
