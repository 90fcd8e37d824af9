import { text } from "node:stream/consumers";
import { InputError } from "../../errors.js";
import { Explainer } from "../../explain/explainer.js";
import { hasMemory } from "../../explain/memory.js";
import { readText } from "../../files/reading.js";
import { engineAddress } from "../../fleet/engine/address.js";
import { runEmbedded } from "../../fleet/engine/embedded.js";
import { JobProcesses } from "../../fleet/engine/job-processes.js";
import { type Plan, planned } from "../../fleet/engine/plan.js";
import { type Packed, pack, type Subject, store as storePolicy } from "../../fleet/job/bundle.js";
import type { Settings } from "../../fleet/job/job.js";
import { placeOf, storeAt } from "../../fleet/store/place.js";
import type { Store } from "../../fleet/store/store.js";
import { packageMetadata } from "../../package-files.js";
import { underConventionNamed } from "../../policy/convention-named.js";
import { loadPolicy, type Policy } from "../../policy/policy.js";
import type { Precision } from "../../relevance/precision/precision.js";
import type { Device } from "../../runtime/device.js";
import { hasQuantity } from "../../sensing/values.js";
import { writeOut } from "../../text/terminal.js";
import { foldersOf } from "../input/message-folders.js";
import { methodOf } from "../input/method.js";
import { filesOfPolicy } from "../input/policy-files.js";
import { checkEvery, type InputOptions, inputsOf } from "../input/replay-selection.js";
import { robotNames } from "../input/robot-names.js";
import { batchJson, batchText, failureLines } from "../output/batch-text.js";
import { Progress } from "../output/progress.js";
import { warn, warnOf } from "../output/warnings.js";
import { Interruption } from "../process/interruption.js";

export interface BatchOptions extends InputOptions {
  /** Required, but not of `batch status` and its like. */
  readonly policy?: string;
  readonly output?: string;
  readonly engine?: string;
  readonly priority?: number;
  readonly detach?: boolean;
  readonly list?: string;
  readonly robot: readonly string[];
  readonly card?: string;
  readonly method: string;
  readonly level: Settings["level"];
  readonly every: number;
  readonly slice?: number;
  readonly convention?: string;
  readonly msgPath: readonly string[];
  readonly precision: Precision;
  readonly again?: boolean;
  readonly json?: boolean;
  readonly jobs: number;
  readonly device: Device;
}

/** Explains recordings into a data set, those that are not in it yet. */
export async function batch(bags: readonly string[], options: BatchOptions): Promise<void> {
  const { policy, output } = options;
  if (policy === undefined) throw new InputError("--policy: expected the ONNX file of a policy");
  if (output === undefined) throw new InputError("--output: expected the folder of the data set");
  const engine = engineAddress(options.engine, process.env);
  for (const option of ["priority", "detach"] as const)
    if (!engine && options[option] !== undefined) throw new InputError(`--${option}: nothing to do without --engine`);
  const uris = [...bags, ...(await listed(options.list))];
  if (uris.length === 0) throw new InputError("no recordings: expected paths, or --list with some");
  const prepared = await prepare({ ...options, policy, output });
  const plan = await planned(uris, prepared);
  if (plan.jobs.length + plan.already === 0 && plan.refused.length > 0)
    throw new InputError(plan.refused.map(({ job, reason }) => `${job}: ${reason}`));
  if (plan.jobs.length > 0) {
    // Workers of an engine have devices of their own.
    await check(prepared, engine ? { ...options, device: "cpu" } : options);
    await storePolicy(prepared.packed, prepared.store);
  }
  for (const file of plan.stale) await prepared.store.remove(file);
  if (engine && plan.jobs.length > 0) {
    const { onEngine } = await import("../process/on-engine.js");
    const planAgain = () => planned(uris, prepared);
    await onEngine({ ...options, engine, plan, planAgain, output: prepared.store.uri, version: prepared.version });
  } else await onThisMachine(plan, options, prepared.store);
}

interface Prepared {
  readonly version: string;
  readonly store: Store;
  readonly packed: Packed;
  readonly subject: Subject;
  readonly policy: string;
  readonly settings: Settings;
  readonly robotOf: (uri: string) => string | undefined;
  readonly slice?: number | undefined;
  readonly folders: Awaited<ReturnType<typeof foldersOf>>;
  readonly again: boolean;
}

/** Checks everything that all jobs have in common, before there is any. */
async function prepare(
  options: BatchOptions & { readonly policy: string; readonly output: string },
): Promise<Prepared> {
  const store = await storeAt(options.output);
  const method = await methodOf(options.method);
  const loaded = await loadPolicy(options.policy, { card: options.card });
  const policy = underConventionNamed(loaded, options.convention);
  checkEvery(policy, options.every);
  checkSlice(policy, options.slice);
  const { precision, level, every, convention } = options;
  const isComposite = /\.ya?ml$/i.test(options.method);
  const packed = await pack({
    policy: loaded,
    files: await filesOfPolicy(loaded),
    ...(isComposite && { composite: options.method }),
  });
  const { image, joints, values, given } = inputsOf(options);
  const settings: Settings = {
    method: options.method,
    ...(convention !== undefined && { convention }),
    ...{ precision, level, every },
    image: image as Record<string, string>,
    joints: [...joints],
    values: Object.fromEntries(Object.entries(values).map(([name, numbers]) => [name, Array.from(numbers)])),
    given: given as Record<string, string>,
    msgPath: options.msgPath.map(placeOf),
  };
  return {
    version: packageMetadata().version,
    ...{ store, packed, settings, subject: { policy, method } },
    policy: packed.digest,
    robotOf: robotNames(options.robot),
    slice: options.slice,
    folders: await foldersOf(options),
    again: options.again === true,
  };
}

/** Says here, once, what every job would say. @throws InputError for a method that cannot explain the policy */
async function check({ subject }: Prepared, { precision, level, device }: BatchOptions): Promise<void> {
  const { policy, method } = subject;
  const explainer = await Explainer.create(policy, { method, precision, levels: [level], threads: 1, device });
  warnOf(explainer, precision);
  await explainer.close();
}

/** @throws InputError if slices would not have what the policy remembers of earlier ticks */
function checkSlice(policy: Policy, slice: number | undefined): void {
  if (slice === undefined || (!hasMemory(policy) && !hasQuantity(policy, "previous_action"))) return;
  throw new InputError(`--slice ${slice}: ${policy.card.name} remembers earlier ticks, expected whole recordings`);
}

async function listed(list: string | undefined): Promise<string[]> {
  if (list === undefined) return [];
  const lines = list === "-" ? await text(process.stdin) : await readText(list, "the list of recordings");
  return lines.split(/\r?\n/).filter((line) => line.trim() !== "");
}

async function onThisMachine({ jobs, already, refused }: Plan, options: BatchOptions, store: Store): Promise<void> {
  const interruption = new Interruption({ outlivesOutput: true });
  const executor = new JobProcesses(Math.min(options.jobs, Math.max(1, jobs.length)), {
    device: options.device,
    threads: 1,
  });
  const bar = new Progress(jobs.length, "explain recordings");
  const started = performance.now();
  try {
    const tally = await runEmbedded(jobs, {
      executor,
      concurrency: options.jobs,
      signal: interruption.signal,
      progress: ({ settled, deadLetters }) =>
        bar.update(settled, { note: deadLetters.length > 0 ? `${deadLetters.length} failed` : "" }),
    });
    bar.stop();
    tally.already += already;
    tally.deadLetters.unshift(...refused);
    for (const note of tally.notes) warn(note);
    if (interruption.signal.aborted) {
      const left = jobs.length - (tally.settled - already - refused.length);
      throw new InputError(`stopped; ${left} of ${jobs.length} are left, which the same command explains`);
    }
    const seconds = (performance.now() - started) / 1000;
    const summary = { output: store.uri, tally, seconds };
    writeOut(options.json ? batchJson(summary) : batchText(summary));
    await interruption.check();
    if (tally.deadLetters.length > 0) throw new InputError(failureLines(tally));
  } finally {
    bar.stop();
    await executor.close();
    interruption.end();
  }
}
