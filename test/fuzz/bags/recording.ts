import fc from "fast-check";
import { encoderOf } from "#src/messages/cdr.js";
import { DB3_VERSIONS, type McapForm, type Sample } from "../../bag/recordings.js";
import { header, jointState, rawImage } from "../../sensing/messages.js";

const MS = 1_000_000n;
const START = 1_700_000_000_000n * MS;

/** A message of a recording. Times are milliseconds. */
export interface Event {
  readonly kind: "image" | "joints" | "part of the joints" | "another encoding" | "cut image" | "broken" | "text";
  readonly publisher: number;
  /** Since the message before it. */
  readonly wait: number;
  /** Its stamp before its log time; null for a stamp of 0. */
  readonly late: number | null;
}

export interface BagCase {
  readonly events: readonly Event[];
  readonly form: Form;
  /** Where the file is cut, in thousandths of its length; null for nowhere. */
  readonly cut: number | null;
  /** Bits that are flipped: place in hundred-thousandths of the file, and number of the bit. */
  readonly flips: readonly (readonly [place: number, bit: number])[];
}

export type Form =
  | { readonly kind: "mcap"; readonly options: McapForm; readonly chunkSize: number }
  | { readonly kind: "db3"; readonly version: number; readonly journal: "delete" | "wal" };

const event: fc.Arbitrary<Event> = fc.record({
  kind: fc.constantFrom<Event["kind"][]>(
    "image",
    "image",
    "joints",
    "joints",
    "part of the joints",
    "another encoding",
    "cut image",
    "broken",
    "text",
  ),
  publisher: fc.constantFrom(0, 0, 0, 1),
  wait: fc.integer({ min: 0, max: 60 }),
  late: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: -30, max: 30 }) },
    { weight: 1, arbitrary: fc.constantFrom(null, 200_000, -200_000) },
  ),
});

const form: fc.Arbitrary<Form> = fc.oneof(
  fc.record({
    kind: fc.constant("mcap" as const),
    options: fc.record(
      {
        compression: fc.constantFrom("zstd" as const, "lz4" as const),
        useChunks: fc.boolean(),
        useMessageIndex: fc.boolean(),
        useStatistics: fc.boolean(),
        useChunkIndex: fc.boolean(),
        withSchemas: fc.boolean(),
      },
      { requiredKeys: [] },
    ),
    chunkSize: fc.constantFrom(500, 200, 4000),
  }),
  fc.record({
    kind: fc.constant("db3" as const),
    version: fc.constantFrom(...DB3_VERSIONS),
    journal: fc.constantFrom("delete" as const, "wal" as const),
  }),
);

export const bagCases: fc.Arbitrary<BagCase> = fc.record({
  events: fc.array(event, { maxLength: 40 }),
  form,
  cut: fc.option(fc.nat(1000), { freq: 3 }),
  flips: fc.oneof(
    { weight: 3, arbitrary: fc.constant([]) },
    { weight: 1, arbitrary: fc.array(fc.tuple(fc.nat(100_000), fc.nat(7)), { minLength: 1, maxLength: 3 }) },
  ),
});

const JOINTS = ["shoulder", "elbow"];

/** The messages of a case, by log time. */
export function samplesOf({ events }: Pick<BagCase, "events">): Sample[] {
  let now = START;
  return events.map(({ kind, publisher, wait, late }, i) => {
    now += BigInt(wait) * MS;
    const stamp = late === null ? 0n : now - BigInt(late) * MS;
    const made = (topic: string, type: string, message: object): Sample => ({
      topic,
      type,
      logTime: now,
      data: encoderOf(type)(message),
    });
    if (kind === "text") return made("/text", "std_msgs/msg/String", { data: `note ${i}` });
    if (kind === "joints" || kind === "part of the joints") {
      const names = kind === "joints" ? JOINTS : JOINTS.slice(1);
      const state = jointState(
        stamp,
        names,
        names.map((_, k) => 0.1 * (k + publisher) + i / 100),
        names.map(() => i / 10),
      );
      return made("/joint_states", "sensor_msgs/msg/JointState", state);
    }
    const pixels = Uint8Array.from({ length: 36 }, (_, k) => (7 * i + k) % 256);
    const encoding = kind === "another encoding" ? "nv99" : "rgb8";
    const data = kind === "cut image" ? pixels.subarray(0, 30) : pixels;
    const image = made(
      "/camera/image",
      "sensor_msgs/msg/Image",
      rawImage(encoding, 4, 3, data, { header: header(stamp), step: 12 }),
    );
    return kind === "broken" ? { ...image, data: image.data.subarray(0, 9 + (i % 20)) } : image;
  });
}

export const isImage = ({ kind }: Event): boolean => !["joints", "part of the joints", "text"].includes(kind);
