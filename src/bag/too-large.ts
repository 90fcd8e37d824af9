import { bytesText, LIMITS } from "../limits.js";

/** How many times its own size packed data may unpack to, where that is more than what any data may. */
const MOST_TIMES = 100;

/**
 * Why packed data of a recording is not unpacked; undefined where it may be. Many small bombs are as large as one: what
 * is freed is not free at once.
 * @param packed its bytes, and `size` those that it says it unpacks to
 */
export function tooLarge(what: "chunk" | "message", packed: number, size: number, limit: number): string | undefined {
  const found = `it unpacks to ${bytesText(size)}; the limit is`;
  if (size > limit) return `${found} ${bytesText(limit)} a ${what}`;
  const own = Math.max(LIMITS.unpackedAny, MOST_TIMES * packed);
  return size > own ? `${found} ${bytesText(own)}, for a ${what} of ${bytesText(packed)}` : undefined;
}
