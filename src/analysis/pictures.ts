import { keyOf } from "../bag/bag.js";
import { decoderOf } from "../bag/decode.js";
import { openBag } from "../bag/open-bag.js";
import type { CompressedImageMessage } from "../messages/types.js";

const TYPE = "sensor_msgs/msg/CompressedImage";
/** Overlays as the node, the simulator and recordings name them, with a camera's name where there are several. */
const TOPIC = /(^|\/)overlay(\/[^/]+)?\/compressed$/;

/** A picture of a heatmap over the camera's image. */
export interface Picture {
  readonly topic: string;
  /** As it was recorded: JPEG or PNG. */
  readonly data: Uint8Array;
}

/** What is wanted of a bag: stamps (nanoseconds), recorded between two log times. */
export interface Wanted {
  readonly stamps: ReadonlySet<bigint>;
  readonly from: bigint;
  readonly to: bigint;
}

/** Overlays may be recorded later than the explanation of the same image by so much, nanoseconds, and earlier. */
const LATE = 2_000_000_000n;

/** Reads overlays by their stamps; stamps without one are left out. Memory: what it returns. */
export async function readPictures(path: string, { stamps, from, to }: Wanted): Promise<Map<bigint, Picture[]>> {
  const found = new Map<bigint, Picture[]>();
  const bag = await openBag(path);
  try {
    const topics = bag.topics.filter(({ name, type }) => type === TYPE && TOPIC.test(name));
    if (topics.length === 0) return found;
    const decoders = new Map(topics.map((topic) => [keyOf(topic), decoderOf(topic, path)]));
    const names = new Set(topics.map(({ name }) => name));
    for await (const { topic, data } of bag.read({ topics: names, start: from - LATE, end: to + LATE })) {
      const stamp = stampOf(data);
      const decode = decoders.get(keyOf(topic));
      if (!decode || stamp === undefined || !stamps.has(stamp)) continue;
      const pictures = found.get(stamp) ?? [];
      found.set(stamp, pictures);
      if (pictures.some((other) => other.topic === topic.name)) continue;
      pictures.push({ topic: topic.name, data: (decode(data) as CompressedImageMessage).data.slice() });
    }
  } finally {
    await bag.close();
  }
  return found;
}

/** The stamp of a CDR message that begins with a header, without decoding the rest of it. */
function stampOf(data: Uint8Array): bigint | undefined {
  if (data.length < 12) return undefined;
  const view = new DataView(data.buffer, data.byteOffset, 12);
  const little = (data[1]! & 1) === 1;
  return BigInt(view.getInt32(4, little)) * 1_000_000_000n + BigInt(view.getUint32(8, little));
}
