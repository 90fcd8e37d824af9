import { PbfReader, PbfWriter } from "pbf";

/**
 * Messages described as data: field number → [name, kind, repeated?]. `kind` is int, float, double, string, bytes or another message's name.
 * Bytes are views into the file, never copies. Unknown fields are skipped.
 */
export type FieldSpec = readonly [name: string, kind: string, repeated?: "repeated"];
export type Schema = Readonly<Record<string, Readonly<Record<number, FieldSpec>>>>;
export type Message = Record<string, unknown>;

function readScalar(pbf: PbfReader, kind: string): unknown {
  if (kind === "int") return pbf.readVarint(true);
  if (kind === "float") return pbf.readFloat();
  if (kind === "double") return pbf.readDouble();
  if (kind === "string") return pbf.readString();
  return pbf.readBytes();
}

/** Wire types of the scalars; messages, strings and bytes are length-delimited. */
const LENGTH_DELIMITED = 2;
const WIRE_TYPE: Readonly<Record<string, number>> = { int: 0, float: 5, double: 1 };
const wireTypeOf = (kind: string): number => WIRE_TYPE[kind] ?? LENGTH_DELIMITED;

/** Deepest nesting of messages: the limit of protobuf, and so of onnxruntime. */
const DEEPEST = 100;

export class NestedTooDeep extends RangeError {}

/** @throws RangeError for bytes that are not such a message, or end before it does */
export function decodeMessage(schema: Schema, type: string, bytes: Uint8Array, depth = 0): Message {
  if (depth > DEEPEST) throw new NestedTooDeep(`${type} is nested deeper than ${DEEPEST} messages`);
  const fields = schema[type]!;
  const message: Message = {};
  for (const [name, , repeated] of Object.values(fields)) if (repeated) message[name] = [];
  const pbf = new PbfReader(bytes);
  pbf.readFields((tag, _result, reader) => {
    const field = fields[tag];
    if (!field) return;
    const [name, kind, repeated] = field;
    const packed = repeated !== undefined && reader.type === LENGTH_DELIMITED && wireTypeOf(kind) !== LENGTH_DELIMITED;
    if (!packed && reader.type !== wireTypeOf(kind)) throw new RangeError(`${type}.${name} is not of kind ${kind}`);
    const end = packed ? reader.readVarint() + reader.pos : reader.pos + 1;
    if (end > reader.length) throw new RangeError(`${type}.${name} ends before its declared length`);
    while (reader.pos < end) {
      const value = schema[kind]
        ? decodeMessage(schema, kind, reader.readBytes(), depth + 1)
        : readScalar(reader, kind);
      if (repeated) (message[name] as unknown[]).push(value);
      else message[name] = value;
    }
  }, message);
  if (pbf.pos > pbf.length) throw new RangeError(`${type} ends before its declared length`);
  return message;
}

/** Bytes of a field beside those that it holds, and of most numbers. */
const HEAD = 16;

function writeScalar(pbf: PbfWriter, tag: number, kind: string, value: unknown): void {
  if (kind === "int") {
    pbf.writeTag(tag, 0);
    pbf.writeVarint(value as number);
  } else if (kind === "float") pbf.writeFloatField(tag, value as number);
  else if (kind === "double") pbf.writeDoubleField(tag, value as number);
  else if (kind === "string") pbf.writeStringField(tag, value as string);
  else pbf.writeBytesField(tag, value as Uint8Array);
}

export function encodeMessage(schema: Schema, type: string, message: Message): Uint8Array {
  const fields = Object.entries(schema[type]!).flatMap(([tag, [name, kind]]) => {
    const value = message[name];
    const items = value === undefined ? [] : Array.isArray(value) ? value : [value];
    return items.map((item: unknown) => {
      const isMessage = schema[kind] !== undefined;
      const written = isMessage ? encodeMessage(schema, kind, item as Message) : item;
      return { tag: Number(tag), kind: isMessage ? "bytes" : kind, item: written };
    });
  });
  // Room for all from the start: growing copies what is there, weights of a hundred megabytes among it.
  const size = fields.reduce((sum, { item }) => sum + HEAD + (item instanceof Uint8Array ? item.length : 0), 0);
  const pbf = new PbfWriter(new Uint8Array(size));
  for (const { tag, kind, item } of fields) writeScalar(pbf, tag, kind, item);
  return pbf.finish();
}
