import type { MessageFolders } from "../../bag/message-folders.js";
import { openBag } from "../../bag/open-bag.js";
import { InputError } from "../../errors.js";
import { fileOf, type Part, partIn, recordingIn, SCHEMA_VERSION } from "../dataset/layout.js";
import { type Job, partOf, type Settings } from "../job/job.js";
import { fingerprintOf, isUrl, placeOf } from "../store/place.js";
import type { Store } from "../store/store.js";
import type { DeadLetter } from "./tally.js";

export interface PlanOptions {
  readonly version: string;
  readonly store: Store;
  /** Digest of the policy's files. */
  readonly policy: string;
  readonly settings: Settings;
  /** Name of a recording's robot; undefined for that of its description. */
  readonly robotOf: (uri: string) => string | undefined;
  /** Length of slices, seconds; undefined for none. */
  readonly slice?: number | undefined;
  /** Definitions for opening recordings that are cut. */
  readonly folders?: MessageFolders | undefined;
  /** True to explain again what is there. */
  readonly again: boolean;
}

export interface Plan {
  readonly jobs: readonly Job[];
  /** Number of jobs whose part is there. */
  readonly already: number;
  /** Recordings that cannot be read, and why. */
  readonly refused: readonly DeadLetter[];
  /** Files to remove: of recordings that are there as they are now, and as they were. */
  readonly stale: readonly string[];
}

/** Recordings that are looked at at a time. */
const AT_A_TIME = 64;

/**
 * The jobs that are to be done for recordings to be in the data set as they are now.
 * @throws InputError for a recording that is named twice, or has no robot's name where one is expected
 */
export async function planned(uris: readonly string[], options: PlanOptions): Promise<Plan> {
  const places = uris.map(placeOf);
  refuseTwice(places);
  const there = await partsIn(options.store);
  const jobs: Job[] = [];
  const refused: DeadLetter[] = [];
  const stale: string[] = [];
  let already = 0;
  for (let from = 0; from < places.length; from += AT_A_TIME) {
    const some = places.slice(from, from + AT_A_TIME);
    const found = await Promise.allSettled(some.map((place) => jobsOf(place, options)));
    for (const [i, result] of found.entries()) {
      if (result.status === "rejected") {
        if (!(result.reason instanceof InputError)) throw result.reason;
        const reason = result.reason.message.replace(`${some[i]}: `, "");
        refused.push({ job: some[i]!, reason });
        continue;
      }
      const names = new Set(result.value.map(partOf));
      const known = there.get(recordingIn([...names][0]!)) ?? [];
      const present = new Set(known.flatMap(({ table, part }) => (table === "runs" ? [part] : [])));
      const missing = result.value.filter((job) => options.again || !present.has(partOf(job)));
      const old = known.filter(({ part }) => !names.has(part)).map(fileOf);
      already += result.value.length - missing.length;
      if (missing.length === 0) stale.push(...old);
      for (const [k, job] of missing.entries())
        jobs.push({
          ...job,
          ...(k === 0 && old.length > 0 && { replaces: old }),
          ...(options.again && { again: true as const }),
        });
    }
  }
  return { jobs, already, refused, stale };
}

function refuseTwice(places: readonly string[]): void {
  const seen = new Set<string>();
  for (const place of places) {
    if (seen.has(place)) throw new InputError(`${place}: named twice, expected each recording once`);
    seen.add(place);
  }
}

/** The files of a data set by recording. */
async function partsIn(store: Store) {
  const parts = new Map<string, Part[]>();
  for (const table of ["ticks/", "runs/"])
    for await (const name of store.list(table)) {
      const part = partIn(name);
      if (!part) continue;
      const recording = recordingIn(part.part);
      const known = parts.get(recording);
      if (known) known.push(part);
      else parts.set(recording, [part]);
    }
  return parts;
}

async function jobsOf(uri: string, options: PlanOptions): Promise<Job[]> {
  const { version, store, policy, settings } = options;
  const robot = options.robotOf(uri);
  const whole: Job = {
    version,
    schema: SCHEMA_VERSION,
    recording: { uri, fingerprint: await fingerprintOf(uri) },
    output: store.uri,
    policy,
    settings,
    ...(robot !== undefined && { robot }),
  };
  // Only a file can be looked into without bringing it here.
  if (options.slice === undefined || isUrl(uri)) return [whole];
  const length = BigInt(Math.round(options.slice * 1e9));
  const bag = await openBag(uri, options.folders);
  const { start, end } = bag;
  await bag.close();
  if (end - start <= length) return [whole];
  const count = Number((end - start + length) / length);
  return Array.from({ length: count }, (_, index) => ({
    ...whole,
    slice: {
      index,
      start: String(start + BigInt(index) * length),
      end: String(index === count - 1 ? end + 1n : start + BigInt(index + 1) * length),
    },
  }));
}
