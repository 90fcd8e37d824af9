import { createHash } from "node:crypto";
import { z } from "zod";
import { InputError } from "../../errors.js";
import { PRECISIONS } from "../../relevance/precision/precision.js";
import { partIn, recordingIn, SCHEMA_VERSION } from "../dataset/layout.js";

/** Levels of `Explanation` that a table can be made of. */
const JOB_LEVELS = ["full", "shares"] as const;

const text = (most: number) =>
  z
    .string()
    .min(1)
    .max(most)
    .regex(/^[^\p{Cc}]*$/u, "found a control character");
const PATH = text(4096);
const NAME = text(400);
const HEX = (digits: number) => z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`), `expected ${digits} hex digits`);
const NANOSECONDS = z.string().regex(/^-?\d{1,19}$/, "expected nanoseconds");

/** How a recording is explained: everything that its rows depend on, besides the policy's files. */
export const SETTINGS = z.strictObject({
  method: NAME,
  convention: NAME.optional(),
  precision: z.enum(PRECISIONS),
  level: z.enum(JOB_LEVELS),
  every: z.int().min(1).max(1_000_000),
  /** Camera topics by modality; "" for a policy's only camera. */
  image: z.record(z.string().max(400), NAME),
  joints: z.array(NAME).max(100),
  /** Constants and topics of modalities without a sensor. */
  values: z.record(NAME, z.array(z.number()).max(10_000)),
  given: z.record(NAME, NAME),
  /** Folders of .msg files. */
  msgPath: z.array(PATH).max(100),
});
export type Settings = z.infer<typeof SETTINGS>;

/** One job: a recording, or a slice of it, explained by a policy and written as one part of a data set. */
const JOB = z.strictObject({
  /** Version of torquelens that made the job: another one may answer otherwise. */
  version: text(100),
  /** Version of the data set's schema. */
  schema: z.int(),
  /** Path or `s3://` URL of the recording, and the digest of its size and time that it had when the job was made. */
  recording: z.strictObject({ uri: PATH, fingerprint: HEX(12) }),
  /** Path or `s3://` URL of the data set. */
  output: PATH,
  /** Digest of the policy's files, which lie in the data set. */
  policy: HEX(64),
  settings: SETTINGS,
  /** Name of the robot; default that of the recording's robot description. */
  robot: NAME.optional(),
  /** Log times from `start` on and before `end`, nanoseconds. */
  slice: z.strictObject({ index: z.int().min(0).max(1_000_000), start: NANOSECONDS, end: NANOSECONDS }).optional(),
  /** Files of the recording as it was before, to remove once the part is there. */
  replaces: z.array(PATH).max(100).optional(),
  /** True to explain it again although its part is there. */
  again: z.literal(true).optional(),
});
export type Job = z.infer<typeof JOB>;

/**
 * Checks a job that came from somewhere else.
 * @throws InputError for data that are no job, and for a job of another version of torquelens
 */
export function checkedJob(data: unknown, version: string): Job {
  const found = JOB.safeParse(data);
  const made = (data as { readonly version?: unknown } | undefined)?.version;
  // A job of another version may have other keys.
  if (typeof made === "string" && made !== version)
    throw new InputError(
      `the job was made by torquelens ${made.slice(0, 40)}; this worker is ${version}, which may answer otherwise`,
    );
  if (!found.success) {
    const [issue] = found.error.issues;
    throw new InputError(`the job's data do not fit: ${issue!.path.join(".") || "job"}: ${issue!.message}`);
  }
  if (found.data.schema !== SCHEMA_VERSION)
    throw new InputError(
      `the job is for schema ${found.data.schema} of data sets; this worker writes ${SCHEMA_VERSION}`,
    );
  const own = recordingIn(partOf(found.data));
  const foreign = found.data.replaces?.find((name) => recordingIn(partIn(name)?.part ?? "") !== own);
  if (foreign !== undefined) throw new InputError(`the job asks to remove ${foreign}, which is of another recording`);
  return found.data;
}

const digestOf = (value: unknown, digits: number) =>
  createHash("sha256").update(JSON.stringify(value)).digest("hex").slice(0, digits);

/** An object's entries in the order of their keys, at every depth. */
const sorted = (value: unknown): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.entries(value)
        .filter(([, inner]) => inner !== undefined)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, inner]) => [key, sorted(inner)])
    : value;

/** Name of the part that a job writes, the same for the same job (`Part.part`). */
export function partOf({
  recording,
  policy,
  settings,
  robot,
  slice,
}: Omit<Job, "output" | "again" | "replaces">): string {
  const what = digestOf([recording.uri, policy, sorted(settings)], 16);
  return `${what}${digestOf([robot ?? null, slice ? sorted(slice) : null], 8)}-${recording.fingerprint}`;
}

/** Digest of the settings, 8 hex digits, which tells rows of one recording apart that were computed by different ones. */
export const settingsOf = ({ settings }: Pick<Job, "settings">): string => digestOf(sorted(settings), 8);

/** A recording and slice, for people. */
export const jobName = ({ recording, slice }: Pick<Job, "recording" | "slice">): string =>
  slice ? `${recording.uri} (slice ${slice.index})` : recording.uri;
