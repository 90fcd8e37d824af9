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
