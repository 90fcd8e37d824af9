import { InputError } from "../../errors.js";
import { Batches } from "../../fleet/engine/batches.js";
import { plural } from "../../numbers/format.js";
import { packageMetadata } from "../../package-files.js";
import { writeErr, writeOut } from "../../text/terminal.js";
import { neededEngine } from "../input/engine.js";
import { batchStates, failureLines, stateJson } from "../output/batch-text.js";
import { watchBatch } from "../process/watch-batch.js";

export interface EngineOptions {
  readonly engine?: string;
  readonly json?: boolean;
}

async function withBatches<T>({ engine }: EngineOptions, work: (batches: Batches) => Promise<T>): Promise<T> {
  const say = (line: string) => writeErr(`${line}\n`);
  const batches = await Batches.open(neededEngine(engine), packageMetadata().version, say);
  try {
    return await work(batches);
  } finally {
    await batches.close();
  }
}

/** Prints how far a batch is, or all of them. */
export const status = (id: string | undefined, options: EngineOptions): Promise<void> =>
  withBatches(options, async (batches) => {
    const states = id === undefined ? await batches.all() : [await batches.state(id)];
    const known = states.filter((state) => state !== undefined);
    if (id !== undefined && known.length === 0) throw new InputError(`${id}: no such batch on this engine`);
    if (options.json) writeOut(`${JSON.stringify(known.map(stateJson))}\n`);
    else writeOut(batchStates(known));
    if (id === undefined) return;
    const lines = options.json ? [] : failureLines(await batches.tally(id));
    for (const line of lines) writeOut(`  ${line}\n`);
  });

/** Waits for a batch's end. */
export const watch = (id: string, options: EngineOptions): Promise<void> =>
  withBatches(options, async (batches) => {
    await watchBatch(batches, { id, json: options.json === true, engine: neededEngine(options.engine).name });
  });

/** Takes back what nobody has begun. */
export const cancel = (id: string, options: EngineOptions): Promise<void> =>
  withBatches(options, async (batches) => {
    const count = await batches.cancel(id);
    if (options.json) writeOut(`${JSON.stringify({ batch: id, cancelled: count })}\n`);
    else if (count === 0) writeOut(`batch ${id} has no jobs left to cancel\n`);
    else writeOut(`cancelled ${plural(count, "job")} of batch ${id}; those under way end\n`);
  });

/** Tries again what has failed. */
export const retry = (id: string, options: EngineOptions): Promise<void> =>
  withBatches(options, async (batches) => {
    const count = await batches.retry(id);
    if (options.json) writeOut(`${JSON.stringify({ batch: id, retried: count })}\n`);
    else if (count === 0) writeOut(`batch ${id} has no jobs that failed; a new batch does cancelled ones\n`);
    else writeOut(`${plural(count, "job")} of batch ${id} ${count === 1 ? "is" : "are"} tried again\n`);
  });
