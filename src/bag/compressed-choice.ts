import { InputError } from "../errors.js";
import { decodeImage } from "../image/decode.js";
import { isJpeg } from "../image/picture.js";
import { fits, type ImageEncoding } from "../image/pixel-formats.js";
import type { CompressedImageMessage } from "../messages/types.js";
import type { Bag, Topic } from "./bag.js";
import { decoderOf } from "./decode.js";

/** How good a topic of compressed images is, the most important first; more is better. */
type Rank = readonly [fitsPolicy: number, isLossless: number, bytes: number];

/**
 * Topics of the same images by their first messages, the best first: images that the policy can be shown before others,
 * those without loss before JPEGs, larger before smaller ones.
 */
export async function bestFirst(bag: Bag, topics: readonly Topic[], expected: ImageEncoding): Promise<Topic[]> {
  if (topics.length < 2) return [...topics];
  const ranks = new Map<Topic, Rank>();
  for await (const { topic, data } of bag.read({ topics: new Set(topics.map(({ name }) => name)) })) {
    if (topics.includes(topic) && !ranks.has(topic)) ranks.set(topic, await rankOf(topic, data, bag.path, expected));
    if (ranks.size === topics.length) break;
  }
  const none: Rank = [0, 0, 0];
  return topics.toSorted((a, b) => compare(ranks.get(b) ?? none, ranks.get(a) ?? none));
}

async function rankOf(topic: Topic, data: Uint8Array, path: string, expected: ImageEncoding): Promise<Rank> {
  try {
    const message = decoderOf(topic, path)(data) as CompressedImageMessage;
    const { encoding } = await decodeImage(message);
    return [Number(fits(encoding, expected)), Number(!isJpeg(message.data)), message.data.length];
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return [0, 0, data.length];
  }
}

function compare(left: Rank, right: Rank): number {
  for (const [i, value] of left.entries()) if (value !== right[i]) return value - right[i]!;
  return 0;
}
