import { keyOf, type Topic } from "../../bag/bag.js";
import { decoderOf } from "../../bag/decode.js";
import type { MessageFolders } from "../../bag/message-folders.js";
import { openBag } from "../../bag/open-bag.js";
import { InputError } from "../../errors.js";
import { EXPLANATION } from "../../messages/explanation.js";
import type { CompressedImageMessage, ExplanationMessage } from "../../messages/types.js";
import { meaningOf, ratherThan } from "../../outputs/kinds.js";

const TYPE = "sensor_msgs/msg/CompressedImage";
/** Topic of overlays or of attention, with a camera's name if there are several. */
const TOPIC = /(^|\/)(overlay|attention)(?:\/([^/]+))?\/compressed$/;

/** A place in a picture, pixels. */
export type Point = readonly [x: number, y: number];

/** A picture of a heatmap over the camera's image, or of the image in the light of the policy's attention. */
export interface Picture {
  /** Name of the camera; empty if there is only one. */
  readonly camera: string;
  /** JPEG or PNG, as recorded. */
  readonly data: Uint8Array;
  /** The policy's feature points; empty if it has none or they were not recorded. */
  readonly points: readonly Point[];
  /** What the heatmap is evidence for, where that is not the sum of all torques; else empty. */
  readonly about: string;
  /** Queries whose attention the picture shows, side by side; undefined for a heatmap. */
  readonly queries?: readonly string[];
}

/** Stamps (nanoseconds) of pictures to read, and the range of their log times. */
export interface PictureRange {
  readonly stamps: ReadonlySet<bigint>;
  readonly from: bigint;
  readonly to: bigint;
}

/** Most by which the log times of a picture and its explanation differ, nanoseconds. */
const LATE = 2_000_000_000n;

/**
 * Reads overlays and pictures of attention by their stamps, a camera's overlay before its attention; stamps without any are
 * left out. Memory: the pictures it returns.
 */
export async function readPictures(
  path: string,
  { stamps, from, to }: PictureRange,
  folders?: MessageFolders,
): Promise<Map<bigint, Picture[]>> {
  const bag = await openBag(path, folders);
  try {
    const pictures = bag.topics.filter(({ name, type }) => type === TYPE && TOPIC.test(name));
    const names = new Set(pictures.flatMap(({ name }) => [name, explanationTopic(name)]));
    const topics = bag.topics.filter(({ name, type }) => names.has(name) && (type === TYPE || type === EXPLANATION));
    const decoders = new Map(topics.map((topic) => [keyOf(topic), decoderOf(topic, path)]));
    const images = new Map<bigint, Map<string, Uint8Array>>();
    const explanations = new Map<bigint, Map<string, ExplanationMessage>>();
    for await (const { topic, data } of bag.read({ topics: names, start: from - LATE, end: to + LATE })) {
      const stamp = stampOf(data);
      const decode = decoders.get(keyOf(topic));
      if (!decode || stamp === undefined || !stamps.has(stamp)) continue;
      const message = decodable(decode, data);
      if (!message) continue;
      if (isPicture(topic)) keepFirst(images, stamp, topic, () => (message as CompressedImageMessage).data.slice());
      else keepFirst(explanations, stamp, topic, () => message as ExplanationMessage);
    }
    return new Map(Array.from(images, ([stamp, found]) => [stamp, picturesOf(found, explanations.get(stamp))]));
  } finally {
    await bag.close();
  }
}

/** A message; undefined where it does not fit its definition, which the reading of the runs has told. */
function decodable(decode: (data: Uint8Array) => unknown, data: Uint8Array): unknown {
  try {
    return decode(data);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return undefined;
  }
}

const isPicture = ({ type }: Topic) => type === TYPE;
/** Topic of the explanations that belong to a picture's topic. */
const explanationTopic = (picture: string) => picture.replace(TOPIC, "$1explanation");

function keepFirst<T>(all: Map<bigint, Map<string, T>>, stamp: bigint, { name }: Topic, found: () => T): void {
  const known = all.get(stamp) ?? new Map<string, T>();
  all.set(stamp, known);
  if (!known.has(name)) known.set(name, found());
}

function picturesOf(
  images: ReadonlyMap<string, Uint8Array>,
  explanations: ReadonlyMap<string, ExplanationMessage> | undefined,
): Picture[] {
  const pictures = Array.from(images, ([topic, data]): Picture => {
    const [, , kind, camera = ""] = topic.match(TOPIC)!;
    const explanation = explanations?.get(explanationTopic(topic));
    if (kind === "attention") {
      const queries = explanation ? queriesOf(explanation, camera) : [];
      return { camera, data, points: [], about: "", queries };
    }
    const points = explanation ? pointsOf(explanation, camera) : [];
    return { camera, data, points, about: explanation ? aboutOf(explanation) : "" };
  });
  const cameras = [...new Set(pictures.map(({ camera }) => camera))];
  const place = ({ camera, queries }: Picture) => 2 * cameras.indexOf(camera) + (queries ? 1 : 0);
  return pictures.sort((a, b) => place(a) - place(b));
}

/** Queries of a camera's attention (of the only one with maps if it has no name). */
function queriesOf(explanation: Partial<ExplanationMessage>, camera: string): string[] {
  const { modalities = [], attention_offsets: offsets, attention_queries: all = [] } = explanation;
  const m = modalities.indexOf(camera);
  return m < 0 || !offsets ? all : all.slice(offsets[m], offsets[m + 1]);
}

function aboutOf(explanation: Partial<ExplanationMessage>): string {
  const { heatmap_joint: alone, contrast_joint: contrast, against_joint: against, torques = [] } = explanation;
  if (contrast) return `for ${ratherThan(contrast, against, torques.map(meaningOf))}`;
  return alone ? `for ${alone} alone` : "";
}

/** Feature points of a camera (of the only one if it has no name). Recordings of earlier versions have none. */
function pointsOf(explanation: Partial<ExplanationMessage>, camera: string): Point[] {
  const { modalities = [], feature_point_offsets: offsets, feature_point_x: x, feature_point_y: y } = explanation;
  if (!offsets || !x || !y) return [];
  const m = modalities.indexOf(camera);
  const [from, to] = camera === "" ? [0, x.length] : [offsets[m] ?? 0, offsets[m + 1] ?? 0];
  return Array.from(x.subarray(from, to), (at, k) => [at, y[from + k]!]);
}

/** Stamp of a CDR message that begins with a header; decodes nothing else. */
function stampOf(data: Uint8Array): bigint | undefined {
  if (data.length < 12) return undefined;
  const view = new DataView(data.buffer, data.byteOffset, 12);
  const little = (data[1]! & 1) === 1;
  return BigInt(view.getInt32(4, little)) * 1_000_000_000n + BigInt(view.getUint32(8, little));
}
