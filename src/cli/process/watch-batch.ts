import { setTimeout as sleep } from "node:timers/promises";
import { InputError } from "../../errors.js";
import type { Batches } from "../../fleet/engine/batches.js";
import { plural } from "../../numbers/format.js";
import { writeErr, writeOut } from "../../text/terminal.js";
import { batchJson, batchText, failureLines } from "../output/batch-text.js";
import { Progress } from "../output/progress.js";
import { warn } from "../output/warnings.js";
import { Interruption } from "./interruption.js";

/** Time between two looks at a batch, milliseconds. */
const PAUSE = 500;

export interface WatchOptions {
  readonly id: string;
  /** For people. */
  readonly engine: string;
  readonly json: boolean;
  /** Makes the batch again, where the server has lost it; default: it is an error. */
  readonly lost?: () => Promise<void>;
}

/**
 * Shows how far a batch is until it is done, or until it is left by Ctrl-C, and prints what came of it.
 * @throws InputError for a batch that the server does not know, and with the reasons of jobs that failed
 */
export async function watchBatch(batches: Batches, { id, engine, json, lost }: WatchOptions): Promise<void> {
  const interruption = new Interruption({ outlivesOutput: true });
  const { signal } = interruption;
  // A server that is gone answers nothing until it is back.
  const aborted = new Promise<"left">((resolve) => signal.addEventListener("abort", () => resolve("left")));
  const started = performance.now();
  let bar: Progress | undefined;
  try {
    for (;;) {
      const state = await Promise.race([batches.state(id), aborted]);
      if (state === "left") {
        bar?.stop();
        writeErr(`left; batch ${id} goes on: torquelens batch watch ${id} --engine ${engine}\n`);
        return;
      }
      if (!state) {
        if (!lost) throw new InputError(`${id}: no such batch on ${engine} (batch status lists them)`);
        await lost();
        continue;
      }
      const { jobs, done, failed, left, isCancelled } = state;
      bar ??= new Progress(jobs, "explain recordings");
      bar.update(jobs - left, { note: failed > 0 ? `${failed} failed` : "" });
      if (left === 0) {
        bar.stop();
        const tally = await batches.tally(id);
        tally.already += state.already;
        for (const note of tally.notes) warn(note);
        const seconds = (Date.now() - state.created) / 1000;
        const summary = { output: state.output, tally, seconds: lost ? (performance.now() - started) / 1000 : seconds };
        writeOut(json ? batchJson(summary) : batchText(summary));
        await interruption.check();
        const undone = jobs - done - failed;
        if (isCancelled && undone > 0)
          throw new InputError(`batch ${id} was cancelled, ${plural(undone, "job")} undone; a new batch does them`);
        if (tally.deadLetters.length > 0) throw new InputError(failureLines(tally));
        return;
      }
      await sleep(PAUSE, undefined, { signal }).catch(() => undefined);
    }
  } finally {
    bar?.stop();
    interruption.end();
  }
}
