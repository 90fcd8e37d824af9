import { PbfReader, PbfWriter } from "pbf";

/** Protobuf messages as their bytes: for changes that leave everything else as it is. */

const LENGTH_DELIMITED = 2;

export interface Field {
  readonly tag: number;
  /** From the tag's first byte to the value's end. */
  readonly start: number;
  readonly end: number;
  /** The value of a length-delimited field. */
  readonly content?: Uint8Array;
}

/** @throws RangeError for a field that ends before its declared length */
export function* fieldsOf(bytes: Uint8Array): Generator<Field> {
  const pbf = new PbfReader(bytes);
  while (pbf.pos < bytes.byteLength) {
    const start = pbf.pos;
    const key = pbf.readVarint();
    const content = (key & 7) === LENGTH_DELIMITED ? pbf.readBytes() : undefined;
    if (!content) pbf.skip(key);
    if (pbf.pos > bytes.byteLength) throw new RangeError("a field ends before its declared length");
    yield { tag: key >>> 3, start, end: pbf.pos, ...(content && { content }) };
  }
}

/** Tag and length of a length-delimited field. */
export function headOf(tag: number, length: number): Uint8Array {
  const pbf = new PbfWriter();
  pbf.writeTag(tag, LENGTH_DELIMITED);
  pbf.writeVarint(length);
  return pbf.finish();
}

/** New contents of length-delimited fields by number; undefined leaves the field out. */
type Changes = Readonly<Record<number, (content: Uint8Array) => Uint8Array | undefined>>;

/** A message with some fields changed. Where no content is another object, it is the same object itself. */
export function rewritten(bytes: Uint8Array, changes: Changes): Uint8Array {
  const parts: Uint8Array[] = [];
  let kept = 0;
  for (const { tag, start, end, content } of fieldsOf(bytes)) {
    const change = changes[tag];
    if (!content || !change) continue;
    const now = change(content);
    if (now === content) continue;
    parts.push(bytes.subarray(kept, start), ...(now ? [headOf(tag, now.byteLength), now] : []));
    kept = end;
  }
  if (kept === 0) return bytes;
  parts.push(bytes.subarray(kept));
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.byteLength;
  }
  return result;
}
