/** Head of a zstd frame (RFC 8878 §3.1.1.1). */
export interface ZstdFrame {
  /** Bytes that it unpacks to; undefined where it does not say. */
  readonly content: number | undefined;
  /** Bytes of memory that unpacking it piece by piece needs. */
  readonly window: number;
  /** Place of its first block. */
  readonly blocks: number;
  readonly hasChecksum: boolean;
}

const MAGIC = 0xfd2fb528;
/** First of 16 magic numbers of frames that hold no content. */
const SKIPPABLE = 0x184d2a50;
const LARGEST_BLOCK = 1 << 17;
const DICTIONARY_BYTES = [0, 1, 2, 4] as const;
/** Kinds of blocks: one byte repeated, and packed; those below are stored as they are. */
const REPEATED = 1;
const PACKED = 2;

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, byteLength);

/** The head of the frame at a place; undefined where there is none, or it is not there whole. */
export function zstdFrame(bytes: Uint8Array, at: number): ZstdFrame | undefined {
  const view = viewOf(bytes);
  if (at + 5 > bytes.length || view.getUint32(at, true) !== MAGIC) return undefined;
  const flags = bytes[at + 4]!;
  const isSingle = (flags & 0x20) !== 0;
  const code = flags >> 6;
  const sizeBytes = code > 0 ? 1 << code : Number(isSingle);
  const sizeAt = at + 5 + Number(!isSingle) + DICTIONARY_BYTES[(flags & 3) as 0 | 1 | 2 | 3];
  const blocks = sizeAt + sizeBytes;
  if (blocks > bytes.length) return undefined;
  const content = {
    0: () => undefined,
    1: () => bytes[sizeAt]!,
    2: () => view.getUint16(sizeAt, true) + 256,
    4: () => view.getUint32(sizeAt, true),
    8: () => Number(view.getBigUint64(sizeAt, true)),
  }[sizeBytes as 0 | 1 | 2 | 4 | 8]();
  const descriptor = bytes[at + 5]!;
  const base = 2 ** (10 + (descriptor >> 3));
  const window = isSingle ? content! : base + (base / 8) * (descriptor & 7);
  return { content, window, blocks, hasChecksum: (flags & 4) !== 0 };
}

/**
 * The most bytes that packed data can unpack to, by the heads of its frames and blocks: what a frame says, else the sum
 * of its blocks. Nothing is unpacked. Throws an Error where they are damaged or cut off.
 */
export function mostUnpacked(bytes: Uint8Array): number {
  const view = viewOf(bytes);
  let most = 0;
  for (let at = 0; at < bytes.length; ) {
    if (at + 8 <= bytes.length && view.getUint32(at, true) - (view.getUint32(at, true) & 15) === SKIPPABLE) {
      at += 8 + view.getUint32(at + 4, true);
      continue;
    }
    const frame = zstdFrame(bytes, at);
    if (!frame) throw new Error("a frame is damaged");
    const { end, sum } = blocksFrom(bytes, frame);
    most += frame.content ?? sum;
    at = end + (frame.hasChecksum ? 4 : 0);
  }
  return most;
}

/** End of a frame's blocks, and the most bytes that they unpack to. */
function blocksFrom(bytes: Uint8Array, { blocks, window }: ZstdFrame): { readonly end: number; readonly sum: number } {
  const largest = Math.min(LARGEST_BLOCK, window);
  let sum = 0;
  for (let at = blocks; at + 3 <= bytes.length; ) {
    const head = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16);
    const [kind, size] = [(head >> 1) & 3, head >>> 3];
    if (kind > PACKED) break;
    sum += kind === PACKED ? largest : size;
    at += 3 + (kind === REPEATED ? 1 : size);
    if (at > bytes.length) break;
    if ((head & 1) !== 0) return { end: at, sum };
  }
  throw new Error("a block is damaged or cut off");
}
