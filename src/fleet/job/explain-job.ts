import { isOutcome, outcomeIn } from "../../analysis/outcomes.js";
import type { Run } from "../../analysis/run.js";
import { RunCollector } from "../../analysis/run-collector.js";
import type { Bag } from "../../bag/bag.js";
import { bagOutcome } from "../../bag/bag-outcome.js";
import { BagSource } from "../../bag/bag-source.js";
import { decoderOf } from "../../bag/decode.js";
import { timeless } from "../../bag/explained-bag.js";
import { MessageFolders } from "../../bag/message-folders.js";
import { openBag } from "../../bag/open-bag.js";
import { InputError } from "../../errors.js";
import { Explainer } from "../../explain/explainer.js";
import type { Explanation } from "../../explain/explanation.js";
import { toExplanation } from "../../messages/explanation.js";
import type { Device } from "../../runtime/device.js";
import { parseUrdf } from "../../urdf/urdf.js";
import { fileOf, SCHEMA_VERSION, TABLES } from "../dataset/layout.js";
import { writePart } from "../dataset/write-part.js";
import { fingerprintOf, localCopy, type Roots, storeAt } from "../store/place.js";
import type { Store } from "../store/store.js";
import { Transient } from "../store/transient.js";
import { loadSubject, type Subject } from "./bundle.js";
import { type Job, partOf, settingsOf } from "./job.js";

/** What a job left. The same for the same job, so that it does not matter which of its attempts tells. */
export interface Done {
  readonly ticks: number;
  readonly runs: number;
  /** Seconds of the recording that were read. */
  readonly seconds: number;
  /** True where the part was there already. */
  readonly already?: true;
  /** What was lost or left out, one line each. */
  readonly notes?: readonly string[];
}

export interface Place {
  readonly roots: Roots;
  readonly device: Device;
  readonly threads: number;
  readonly signal?: AbortSignal;
  /** Called with the part of the recording that is explained, 0 to 1. */
  readonly progress?: (part: number) => void;
}

/** Time before a slice that is read for its first images to find their joint states, nanoseconds. */
const LEAD = 2_000_000_000n;
const MOST_NOTES = 5;

/** Runs jobs one after another, and keeps the policy of the last one. */
export class JobRunner {
  #key = "";
  #loaded: Promise<{ readonly subject: Subject; readonly explainer: Explainer }> | undefined;

  /**
   * Explains a job's recording and writes its part.
   * @throws InputError where the recording, the policy or a name in the job is wrong, or the part cannot be written
   */
  async run(job: Job, place: Place): Promise<Done> {
    const { roots } = place;
    for (const uri of [job.recording.uri, job.output, ...job.settings.msgPath]) await roots.check(uri);
    const store = await storeAt(job.output);
    const { subject, explainer } = await this.#explainer(store, job, place);
    const found = await fingerprintOf(job.recording.uri);
    if (found !== job.recording.fingerprint)
      throw new InputError(`${job.recording.uri}: it has changed since the batch was made; run the batch again`);
    const folders = job.settings.msgPath.length > 0 ? await MessageFolders.read(job.settings.msgPath) : undefined;
    const copy = await localCopy(job.recording.uri);
    try {
      const bag = await openBag(copy.path, folders);
      try {
        return await explainBag({ job, bag, path: copy.path, subject, explainer, store, place });
      } finally {
        await bag.close();
      }
    } finally {
      await copy.done();
    }
  }

  async close(): Promise<void> {
    const loaded = this.#loaded;
    this.#loaded = undefined;
    this.#key = "";
    await (await loaded?.catch(() => undefined))?.explainer.close();
  }

  async #explainer(store: Store, { policy, settings }: Job, { device, threads }: Place) {
    const { method, convention, precision, level } = settings;
    const key = JSON.stringify([store.uri, policy, method, convention, precision, level, device]);
    if (this.#loaded && this.#key === key) return this.#loaded;
    await this.close();
    this.#key = key;
    this.#loaded = (async () => {
      const subject = await loadSubject(store, policy, settings);
      const levels = [level] as const;
      const explainer = await Explainer.create(subject.policy, {
        method: subject.method,
        levels,
        precision,
        threads,
        device,
      });
      return { subject, explainer };
    })();
    this.#loaded.catch(() => {
      this.#loaded = undefined;
    });
    return this.#loaded;
  }
}

interface Work {
  readonly job: Job;
  readonly bag: Bag;
  /** Where it lies on this machine. */
  readonly path: string;
  readonly subject: Subject;
  readonly explainer: Explainer;
  readonly store: Store;
  readonly place: Place;
}

async function explainBag({ job, bag, path, subject, explainer, store, place }: Work): Promise<Done> {
  const { policy } = subject;
  const slice = job.slice && { start: BigInt(job.slice.start), end: BigInt(job.slice.end) };
  const notes = new Map<string, number>();
  const problem = (topic: string, reason: string) => {
    const line = `${topic}: ${reason}`;
    notes.set(line, (notes.get(line) ?? 0) + 1);
  };
  const { image, joints, values, given, every } = job.settings;
  const source = await BagSource.open(bag, policy, {
    ...{ image, joints, values, given, every, problem },
    copied: isOutcome,
    ...(slice && { start: slice.start - LEAD, end: slice.end - 1n }),
  });
  const runs: Run[] = [];
  try {
    const date = new Date(Number(bag.start / 1_000_000n)).toISOString().slice(0, 10);
    const target = { policy: partitionOf(subject, job), date, robot: job.robot ?? robotOf(source), part: partOf(job) };
    if (!job.again && (await store.has(fileOf({ ...target, table: "runs" }))))
      return { ticks: 0, runs: 0, seconds: 0, already: true };
    const collector = new RunCollector(job.recording.uri, await bagOutcome(path));
    const [from, to] = slice ? [slice.start, slice.end] : [bag.start, bag.end];
    const take = async ({ explanation, logTime }: Waiting) => {
      const done = await explanation;
      if (!done) return;
      const run = collector.add(toExplanation(timeless(done)), logTime, bag.start);
      if (run) runs.push(run);
      place.progress?.(to > from ? Number(logTime - from) / Number(to - from) : 1);
    };
    const failed = (error: Error) => problem("not explained", error.message);
    let waiting: Waiting | undefined;
    for await (const event of source.events()) {
      place.signal?.throwIfAborted();
      if (event.kind === "record") {
        // It is of the run before it.
        if (waiting) await take(waiting);
        waiting = undefined;
        const { topic, data } = event.record;
        const message = decoderOf(topic, bag.path)(data) as { readonly data: unknown };
        const found = outcomeIn(message, topic, (reason) => problem("outcome", reason));
        if ("outcome" in found) collector.outcome(found.outcome);
        continue;
      }
      if (slice && event.logTime < slice.start) continue;
      const explanation = explainer.explain(event.observation);
      source.explaining(explanation);
      const next = { explanation: explanation.catch((error: Error) => void failed(error)), logTime: event.logTime };
      // The next observation is read and decoded while this one is explained.
      if (waiting) await take(waiting);
      waiting = next;
    }
    if (waiting) await take(waiting);
    const last = collector.finish(bag.start, (count, reason) =>
      problem("explanations", `${count} left out: ${reason}`),
    );
    if (last) runs.push(last);
    const seconds = Number(to - from) / 1e9;
    const told = [
      ...bag.problems,
      ...Array.from(notes, ([line, count]) => (count > 1 ? `${line} (${count} times)` : line)),
    ];
    // A recording in which nothing could be explained is one to look at; a slice of one may be empty.
    if (runs.length === 0 && !slice)
      throw new InputError(
        `${job.recording.uri}: no image could be explained${told[0] === undefined ? "" : `; the first reason: ${told[0]}`}`,
      );
    await writePart(store, target, policy, runs, {
      slice: job.slice?.index ?? 0,
      settings: settingsOf(job),
      card: policy.card.name,
      bundle: job.policy,
      precision: explainer.precision,
      device: explainer.device,
      version: job.version,
      schema: SCHEMA_VERSION,
    }).catch((error: unknown) => {
      throw error instanceof InputError ? new Transient(error.message) : error;
    });
    const written = TABLES.map((table) => fileOf({ ...target, table }));
    for (const name of job.replaces ?? []) if (!written.includes(name)) await store.remove(name);
    const ticks = runs.reduce((sum, run) => sum + run.ticks, 0);
    return { ticks, runs: runs.length, seconds, ...(told.length > 0 && { notes: told.slice(0, MOST_NOTES) }) };
  } finally {
    await source.close();
  }
}

interface Waiting {
  readonly explanation: Promise<Explanation | undefined>;
  readonly logTime: bigint;
}

/** Name of a policy's folder: its card's name, and the beginning of its digest. */
const partitionOf = ({ policy }: Subject, job: Job): string => `${policy.card.name}-${job.policy.slice(0, 8)}`;

/** Name of the robot in its description. */
function robotOf({ robotDescription }: BagSource): string {
  if (robotDescription === undefined) return "unknown";
  try {
    return parseUrdf(robotDescription, "/robot_description").name || "unknown";
  } catch {
    return "unknown";
  }
}
