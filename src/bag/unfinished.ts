import { stat } from "node:fs/promises";
import { InputError } from "../errors.js";
import { EXPLANATION, RATIOS } from "../messages/explanation.js";
import { type ExplanationNumbers, fromMessages } from "../messages/explanation-numbers.js";
import type { ExplanationMessage, RelevanceRatiosMessage } from "../messages/types.js";
import { own } from "../own.js";
import { stampOf } from "../sensing/stamp.js";
import { decoderOf } from "./decode.js";
import { OWN_TOPICS } from "./explained-bag.js";
import { scanMcap } from "./mcap-scan.js";

/** Metadata records of an explained bag that say how it was made, by name. */
export type Provenance = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** The messages that an earlier run wrote for one observation. */
export interface KnownTick {
  readonly logTime: bigint;
  /** By topic. */
  readonly messages: ReadonlyMap<string, Uint8Array>;
}

const EXPLANATIONS = `${OWN_TOPICS}explanation`;
const ALL_RATIOS = `${OWN_TOPICS}ratios`;
const decoderFor = (name: string, type: string) =>
  decoderOf(
    { name, type, encoding: "cdr", schema: undefined, metadata: new Map(), messages: 0 },
    "an unfinished replay",
  );
const decodeExplanation = decoderFor(EXPLANATIONS, EXPLANATION);
const decodeRatios = decoderFor(ALL_RATIOS, RATIOS);

/** The numbers of a tick that an earlier run explained. */
export function explained({ messages }: KnownTick): ExplanationNumbers {
  const message = decodeExplanation(messages.get(EXPLANATIONS)!) as ExplanationMessage;
  const ratios = decodeRatios(messages.get(ALL_RATIOS)!) as RelevanceRatiosMessage;
  return fromMessages(message, ratios, stampOf(message.header.stamp));
}

/** Explanations in a file that a run left unfinished, read once from the start. Memory: one tick. */
export class Unfinished {
  #next: KnownTick | undefined;

  private constructor(
    readonly path: string,
    /** The record `torquelens`. */
    readonly facts: Readonly<Record<string, string>>,
    first: KnownTick,
    private readonly rest: AsyncGenerator<KnownTick>,
  ) {
    this.#next = first;
  }

  /**
   * Opens the largest of the unfinished files that were made in the same way; undefined where there is none.
   * @param facts expected entries of the record `torquelens`, those known before the first explanation
   * @param rest expected other records
   */
  static async find(
    paths: readonly string[],
    facts: Readonly<Record<string, string>>,
    rest: Provenance,
  ): Promise<Unfinished | undefined> {
    const sizes = await Promise.all(
      paths.map((path) =>
        stat(path).then(
          ({ size }) => size,
          () => 0,
        ),
      ),
    );
    const largestFirst = paths.map((path, i) => ({ path, size: sizes[i]! })).sort((a, b) => b.size - a.size);
    for (const { path, size } of largestFirst) {
      const found = size > 0 ? await Unfinished.#open(path, facts, rest) : undefined;
      if (found) return found;
    }
    return undefined;
  }

  static async #open(
    path: string,
    facts: Readonly<Record<string, string>>,
    rest: Provenance,
  ): Promise<Unfinished | undefined> {
    const records = new Map<string, Readonly<Record<string, string>>>();
    const ticks = ticksOf(path, records);
    const first = await ticks.next().catch(() => undefined);
    const found = records.get("torquelens");
    const isSame =
      found !== undefined &&
      Object.entries(facts).every(([key, value]) => own(found, key) === value) &&
      Object.entries(rest).every(([name, record]) => sameRecord(record, records.get(name)));
    if (first && !first.done && isSame) return new Unfinished(path, found, first.value, ticks);
    await ticks.return(undefined);
    return undefined;
  }

  /**
   * True for what nothing is lost with: a file made in the same way, or without a whole message.
   * @param facts expected entries of the record `torquelens`
   * @param rest expected other records
   */
  static async isSpare(path: string, facts: Readonly<Record<string, string>>, rest: Provenance): Promise<boolean> {
    const found = await Unfinished.#open(path, facts, rest);
    await found?.close();
    return found !== undefined || !(await holdsMessage(path));
  }

  /** The tick of this log time, where the earlier run has it. Ask for ticks in order. */
  async take(logTime: bigint, stamp: bigint): Promise<KnownTick | undefined> {
    const known = this.#next;
    if (!known || known.logTime !== logTime || explained(known).observation.stamp !== stamp) {
      // After the first tick that differs, none is taken over.
      this.#next = undefined;
      return undefined;
    }
    const next = await this.rest.next();
    this.#next = next.done ? undefined : next.value;
    return known;
  }

  async close(): Promise<void> {
    this.#next = undefined;
    await this.rest.return(undefined);
  }
}

async function holdsMessage(path: string): Promise<boolean> {
  try {
    for await (const { type } of scanMcap(path)) if (type === "Message" || type === "Damaged") return true;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    // A file that the recorder had not begun to write holds nothing.
    return (await stat(path).catch(() => ({ size: 0 }))).size > 0;
  }
  return false;
}

function sameRecord(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>> | undefined): boolean {
  const sorted = (record: object) => JSON.stringify(Object.entries(record).sort(([x], [y]) => (x < y ? -1 : 1)));
  return b !== undefined && sorted(a) === sorted(b);
}

/** Complete ticks of a file, without the last one, which may lack messages. Puts metadata into `records`. */
async function* ticksOf(
  path: string,
  records: Map<string, Readonly<Record<string, string>>>,
): AsyncGenerator<KnownTick> {
  const topics = new Map<number, string>();
  let tick: { logTime: bigint; messages: Map<string, Uint8Array> } | undefined;
  for await (const record of scanMcap(path)) {
    if (record.type === "Damaged") return;
    if (record.type === "Metadata") records.set(record.name, Object.fromEntries(record.metadata));
    else if (record.type === "Channel" && record.topic.startsWith(OWN_TOPICS)) topics.set(record.id, record.topic);
    else if (record.type === "Message" && topics.has(record.channelId)) {
      const topic = topics.get(record.channelId)!;
      if (topic === EXPLANATIONS) {
        if (tick?.messages.has(ALL_RATIOS)) yield tick;
        tick = { logTime: record.logTime, messages: new Map() };
      }
      tick?.messages.set(topic, record.data);
    }
  }
}
