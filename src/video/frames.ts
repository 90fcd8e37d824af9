import { type Bag, keyOf, type Topic } from "../bag/bag.js";
import type { MessageFolders } from "../bag/message-folders.js";
import { readMessages } from "../bag/read-messages.js";
import { InputError } from "../errors.js";
import { COMPARED_TOPICS } from "../messages/channels.js";
import { EXPLANATION } from "../messages/explanation.js";
import { nanoseconds } from "../messages/stamp.js";
import type { CompressedImageMessage, ExplanationMessage } from "../messages/types.js";
import { Paired } from "./paired.js";

/** What a video shows: the overlay of heatmaps, or the image in the light of attention. */
export const SHOWN = { heatmap: "overlay", attention: "attention" } as const;
export type Shown = keyof typeof SHOWN;

/** The pictures of a recording to show. */
export interface VideoChoice {
  readonly what: Shown;
  /** Topic of the pictures, where a recording has several. */
  readonly topic?: string | undefined;
  /** Only heatmaps of this joint or action. */
  readonly joint?: string | undefined;
  /** Only the map of this query; by default those of all, side by side. */
  readonly query?: string | undefined;
  /** Span, seconds from the recording's beginning. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  readonly folders?: MessageFolders | undefined;
}

/** A recorded picture. */
export interface Frame {
  /** When it was recorded, nanoseconds. */
  readonly time: bigint;
  /** JPEG or PNG, as recorded. */
  readonly data: Uint8Array;
  /** The one of several pictures side by side that is shown; undefined for the whole. */
  readonly part?: { readonly index: number; readonly count: number };
}

const TYPE = "sensor_msgs/msg/CompressedImage";
/** Topic of pictures, with a camera's name if there are several. */
const TOPIC = /(^|\/)(overlay|attention)(?:\/([^/]+))?\/compressed$/;

/**
 * Reads pictures in recorded order. Memory: a chunk or two of the file.
 * @param problem called after reading for each problem of the recording, one line
 * @throws InputError for a recording without such pictures, on several topics, or none of the asked joint or query
 */
export async function* readFrames(
  path: string,
  choice: VideoChoice,
  problem: (text: string) => void = () => {},
): AsyncGenerator<Frame> {
  const { joint, query, folders } = choice;
  const subjects = new Set<string>();
  const paired = new Paired<Frame, ExplanationMessage>();
  const isPaired = joint !== undefined || query !== undefined;
  let camera = "";
  let any = false;
  const choose = (bag: Bag) => {
    const pictures = topicOf(bag, path, choice);
    camera = TOPIC.exec(pictures.name)![3] ?? "";
    const explanations = pictures.name.replace(TOPIC, "$1explanation");
    const beside = bag.topics.filter(({ name, type }) => isPaired && name === explanations && type === EXPLANATION);
    return { decoded: [pictures, ...beside], ...spanOf(bag, choice) };
  };
  const shown = ([frame, explanation]: readonly [Frame, ExplanationMessage]): Frame | undefined => {
    if (joint !== undefined) {
      const { heatmap_joint: alone, contrast_joint: contrast } = explanation;
      subjects.add(contrast || alone || "all together");
      if (joint !== alone && joint !== contrast) return undefined;
    }
    return query === undefined ? frame : { ...frame, part: partOf(explanation, camera, query, path) };
  };
  for await (const { topic, logTime, message } of readMessages(path, choose, { folders, problem })) {
    const stamp = nanoseconds((message as CompressedImageMessage | ExplanationMessage).header.stamp);
    const isPicture = topic.type === TYPE;
    const frame = isPicture && { time: logTime, data: (message as CompressedImageMessage).data.slice() };
    if (!isPaired && frame) {
      any = true;
      yield frame;
      continue;
    }
    if (frame) paired.first(stamp, frame);
    else paired.second(stamp, message as ExplanationMessage);
    for (const pair of paired.ready()) {
      const found = shown(pair);
      any ||= found !== undefined;
      if (found) yield found;
    }
  }
  if (any) return;
  if (joint !== undefined && subjects.size > 0)
    throw new InputError(`${path}: no heatmap of ${joint} there, found heatmaps of ${[...subjects].join(", ")}`);
  throw new InputError(`${path}: no pictures of ${choice.what} between these times`);
}

function topicOf(bag: Bag, path: string, { what, topic: chosen }: VideoChoice): Topic {
  const all = bag.topics.filter(({ name, type, messages }) => type === TYPE && TOPIC.test(name) && messages > 0);
  const isMeant = (name: string): boolean =>
    chosen === undefined ? TOPIC.exec(name)![2] === SHOWN[what] && !name.startsWith(COMPARED_TOPICS) : name === chosen;
  const [topic, ...others] = all.filter(({ name }) => isMeant(name));
  const names = (topics: readonly Topic[]): string => [...new Set(topics.map(({ name }) => name))].join(", ");
  if (topic === undefined) {
    const found = all.length > 0 ? `; found pictures on ${names(all)}` : "; torquelens replay explains recordings";
    throw new InputError(`${path}: no pictures ${chosen === undefined ? `of ${what}` : `on ${chosen}`}${found}`);
  }
  if (others.some((other) => keyOf(other) !== keyOf(topic)))
    throw new InputError(
      `${path}: found pictures on the topics ${names([topic, ...others])}, expected one: choose with --topic`,
    );
  return topic;
}

const SECOND = 1e9;

function spanOf({ start }: Bag, { from, to }: VideoChoice): { start?: bigint; end?: bigint } {
  const at = (seconds: number): bigint => start + BigInt(Math.round(seconds * SECOND));
  return { ...(from !== undefined && { start: at(from) }), ...(to !== undefined && { end: at(to) }) };
}

/** Place of a query's map among those of a camera, of the only one with maps if it has no name. */
function partOf(
  { modalities, attention_offsets: offsets = new Uint32Array(1), attention_queries: all = [] }: ExplanationMessage,
  camera: string,
  query: string,
  path: string,
): NonNullable<Frame["part"]> {
  const m = modalities.indexOf(camera);
  const queries = m < 0 ? all : all.slice(offsets[m], offsets[m + 1]);
  const index = queries.indexOf(query);
  if (index >= 0) return { index, count: queries.length };
  const known = queries.length > 0 ? `expected one of ${queries.join(", ")}` : "its policy has no attention";
  throw new InputError(`${path}: no map of the query ${JSON.stringify(query)}, ${known}`);
}
