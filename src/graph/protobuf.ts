import { PbfReader, PbfWriter } from "pbf";

/**
 * Messages described as data: field number → [name, kind, repeated?]. `kind` is a scalar or another message's name.
 * Bytes are views into the file, never copies. Unknown fields are skipped.
 */
export type Scalar = "int" | "float" | "double" | "string" | "bytes";
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

export function decodeMessage(schema: Schema, type: string, bytes: Uint8Array): Message {
  const fields = schema[type]!;
  const message: Message = {};
  for (const [name, , repeated] of Object.values(fields)) if (repeated) message[name] = [];
  const pbf = new PbfReader(bytes);
  pbf.readFields((tag, _result, reader) => {
    const field = fields[tag];
    if (!field) return;
    const [name, kind, repeated] = field;
    if (schema[kind]) {
      const value = decodeMessage(schema, kind, reader.readBytes());
      if (repeated) (message[name] as unknown[]).push(value);
      else message[name] = value;
    } else if (repeated && kind !== "string" && kind !== "bytes") {
      const packed = reader.type === 2;
      const end = packed ? reader.readVarint() + reader.pos : reader.pos + 1;
      while (reader.pos < end) {
        (message[name] as unknown[]).push(readScalar(reader, kind));
        if (!packed) break;
      }
    } else if (repeated) (message[name] as unknown[]).push(readScalar(reader, kind));
    else message[name] = readScalar(reader, kind);
  }, message);
  if (pbf.pos > pbf.length) throw new RangeError(`${type} ends before its declared length`);
  return message;
}

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
  const pbf = new PbfWriter();
  for (const [tag, [name, kind]] of Object.entries(schema[type]!)) {
    const value = message[name];
    if (value === undefined) continue;
    for (const item of Array.isArray(value) ? value : [value])
      if (schema[kind]) pbf.writeBytesField(Number(tag), encodeMessage(schema, kind, item as Message));
      else writeScalar(pbf, Number(tag), kind, item);
  }
  return pbf.finish();
}
