import { parse } from "@foxglove/rosmsg";
import { MessageReader } from "@foxglove/rosmsg2-serialization";
import { InputError } from "../errors.js";
import { readWholeRecords } from "./read-whole.js";

/** One message of a bag, decoded by the schema that the bag holds. */
export interface BagMessage {
  readonly kind: "message";
  readonly topic: string;
  /** `package/msg/Name`. */
  readonly type: string;
  /** When it was recorded, nanoseconds. */
  readonly logTime: bigint;
  readonly message: unknown;
}

/** A named record of facts about the recording. */
export interface BagMetadata {
  readonly kind: "metadata";
  readonly name: string;
  readonly metadata: ReadonlyMap<string, string>;
}

type Reader = { readonly topic: string; readonly type: string; readonly read: (data: Uint8Array) => unknown };

/**
 * Reads messages of some types, and all metadata, from an MCAP file in the order of the file; other messages are passed
 * over undecoded. A file that a killed run left behind is read as far as it is whole.
 * @throws InputError where the file cannot be read, or holds such a type in another form than CDR by a `ros2msg` schema
 */
export async function* readMessages(
  path: string,
  types: ReadonlySet<string>,
): AsyncGenerator<BagMessage | BagMetadata> {
  const schemas = new Map<number, { readonly name: string; readonly encoding: string; readonly data: Uint8Array }>();
  const readers = new Map<number, Reader>();
  for await (const record of readWholeRecords(path)) {
    if (record.type === "Metadata") yield { kind: "metadata", name: record.name, metadata: record.metadata };
    else if (record.type === "Schema") schemas.set(record.id, record);
    else if (record.type === "Channel") {
      const schema = schemas.get(record.schemaId);
      if (!schema || !types.has(schema.name) || readers.has(record.id)) continue;
      const { topic, messageEncoding } = record;
      if (schema.encoding !== "ros2msg" || messageEncoding !== "cdr") {
        const found = `${messageEncoding} by a ${schema.encoding} schema`;
        throw new InputError(`${path}: ${topic}: found ${found}, expected cdr by a ros2msg schema`);
      }
      readers.set(record.id, { topic, type: schema.name, read: reader(path, topic, schema.data) });
    } else if (record.type === "Message") {
      const known = readers.get(record.channelId);
      if (!known) continue;
      const { topic, type, read } = known;
      yield { kind: "message", topic, type, logTime: record.logTime, message: read(record.data) };
    }
  }
}

function reader(path: string, topic: string, schema: Uint8Array): Reader["read"] {
  try {
    const messages = new MessageReader(parse(new TextDecoder().decode(schema), { ros2: true }));
    return (data) => {
      try {
        return messages.readMessage(data);
      } catch (error) {
        throw new InputError(`${path}: ${topic}: a message does not fit its schema (${(error as Error).message})`);
      }
    };
  } catch (error) {
    throw new InputError(`${path}: ${topic}: the schema cannot be read (${(error as Error).message})`);
  }
}
