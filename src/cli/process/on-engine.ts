import { InputError } from "../../errors.js";
import type { EngineAddress } from "../../fleet/engine/address.js";
import { Batches, newBatch } from "../../fleet/engine/batches.js";
import type { Plan } from "../../fleet/engine/plan.js";
import { plural } from "../../numbers/format.js";
import { writeErr, writeOut } from "../../text/terminal.js";
import { warn } from "../output/warnings.js";
import { watchBatch } from "./watch-batch.js";

interface EngineBatch {
  readonly engine: EngineAddress;
  readonly plan: Plan;
  /** The jobs that are left by now. */
  readonly planAgain: () => Promise<Plan>;
  readonly output: string;
  readonly version: string;
  readonly priority?: number;
  readonly detach?: boolean;
  readonly json?: boolean;
}

/** Hands jobs over to an engine, and waits for them unless it is told not to. @throws as `watchBatch` */
export async function onEngine(batch: EngineBatch): Promise<void> {
  const { engine, plan, planAgain, output, version, priority, detach, json } = batch;
  const say = (line: string) => writeErr(`${line}\n`);
  const batches = await Batches.open(engine, version, say);
  try {
    const id = newBatch();
    const options = { id, output, ...(priority !== undefined && { priority }) };
    await batches.add(plan.jobs, { ...options, already: plan.already });
    for (const { job, reason } of plan.refused) warn(`${job}: ${reason}`);
    if (detach) {
      writeOut(
        json
          ? `${JSON.stringify({ batch: id, jobs: plan.jobs.length, already: plan.already })}\n`
          : `batch ${id}: ${plural(plan.jobs.length, "job")}\n`,
      );
    } else {
      say(`batch ${id}: ${plural(plan.jobs.length, "job")} on ${engine.name}`);
      const lost = async () => {
        const left = await planAgain();
        say(`${engine.name} has lost batch ${id}: ${plural(left.jobs.length, "job")} handed over again`);
        await batches.add(left.jobs, { ...options, already: left.already });
      };
      await watchBatch(batches, { id, engine: engine.name, json: json === true, lost });
    }
    const [first] = plan.refused;
    if (first) throw new InputError(plan.refused.map(({ job, reason }) => `${job}: ${reason}`));
  } finally {
    await batches.close();
  }
}
