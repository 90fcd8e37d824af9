import { ImageError } from "./image-error.js";

/**
 * Decodes RVL to `count` words of 16 bits. Wilson, "Fast lossless depth image compression", ISS 2017: runs of zeros and
 * of other words in turn, numbers of 3 bits a nibble with the lowest first, each word as its zigzag difference to the
 * one before it. Memory is bounded by the code's length until the runs are known to be `count` words.
 * @param code words of 32 bits, little-endian, the highest nibble first
 * @throws ImageError where the code ends early or has more words
 */
export function decodeRvl(code: Uint8Array, count: number): Uint16Array {
  const nibbles = new Nibbles(code);
  // A word that is not zero takes a nibble or more.
  const words = new Uint16Array(2 * code.length);
  const runs: { at: number; from: number; to: number }[] = [];
  let at = 0;
  let length = 0;
  const run = (): number => {
    const found = nibbles.number();
    if (found <= count - at) return found;
    throw damaged(`a run of ${found} pixels, expected at most ${count - at}`);
  };
  for (let previous = 0; at < count; ) {
    at += run();
    if (at === count) break;
    const end = length + run();
    runs.push({ at, from: length, to: end });
    at += end - length;
    while (length < end) {
      const zigzag = nibbles.number();
      previous = (previous + ((zigzag >>> 1) ^ -(zigzag & 1))) & 0xffff;
      words[length++] = previous;
    }
  }
  const result = new Uint16Array(count);
  for (const { at, from, to } of runs) result.set(words.subarray(from, to), at);
  return result;
}

class Nibbles {
  #next = 0;
  readonly #count: number;

  constructor(private readonly code: Uint8Array) {
    this.#count = 2 * (code.length - (code.length % 4));
  }

  /** The next number, below 2³⁰. */
  number(): number {
    for (let value = 0, shift = 0; shift < 30; shift += 3) {
      const nibble = this.#nibble();
      value |= (nibble & 7) << shift;
      if (nibble < 8) return value;
    }
    throw damaged("a number of more than 30 bits");
  }

  #nibble(): number {
    const i = this.#next++;
    if (i >= this.#count) throw damaged(`the code ends after ${this.code.length} bytes, before the last pixel`);
    const byte = this.code[((i >> 3) << 2) + 3 - ((i & 7) >> 1)]!;
    return i % 2 === 0 ? byte >> 4 : byte & 15;
  }
}

const damaged = (why: string) => new ImageError("damaged", `the RVL image is damaged (${why})`);
