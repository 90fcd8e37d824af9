import { writeFile } from "node:fs/promises";
import zstd from "@foxglove/wasm-zstd";
import { McapWriter, TempBuffer } from "@mcap/core";
import sqlite from "node-sqlite3-wasm";
import type { Bag, Selection } from "#src/bag/bag.js";
import { messageType } from "#src/messages/definitions.js";

/** A message to record. */
export interface Sample {
  readonly topic: string;
  readonly type: string;
  readonly logTime: bigint;
  readonly data: Uint8Array;
  /** Publisher, where an MCAP has a channel for each. */
  readonly publisher?: string;
  /** Definition of the type in the recording, where it is not the common one; MCAP only. */
  readonly definition?: string;
}

/** Messages of two topics, 10 ms apart. */
export function samples(count: number, firstTime = 1_700_000_000_123_456_789n): Sample[] {
  return Array.from({ length: count }, (_, i) => ({
    topic: i % 3 === 0 ? "/text" : "/joint_states",
    type: i % 3 === 0 ? "std_msgs/msg/String" : "sensor_msgs/msg/JointState",
    logTime: firstTime + BigInt(i) * 10_000_000n,
    data: Uint8Array.from({ length: 40 + i }, (_, k) => (k < 4 ? [0, 1, 0, 0][k]! : (i * 7 + k) % 251)),
  }));
}

/** A frame of lz4 whose one block is stored as it is. */
function lz4Frame(data: Uint8Array): Uint8Array {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(0x80000000 + data.length);
  return Buffer.concat([Buffer.from("04224d18604082", "hex"), size, data, Buffer.alloc(4)]);
}

const COMPRESSIONS = { zstd: (data: Uint8Array) => zstd.compress(data, 1), lz4: lz4Frame };

export interface McapForm {
  readonly compression?: keyof typeof COMPRESSIONS;
  readonly useChunks?: boolean;
  readonly useMessageIndex?: boolean;
  readonly useStatistics?: boolean;
  readonly useChunkIndex?: boolean;
  readonly repeatChannels?: boolean;
  readonly repeatSchemas?: boolean;
  readonly withSchemas?: boolean;
  /** Bytes after which a chunk ends, default 500. */
  readonly chunkSize?: number;
}

export async function mcapOf(messages: readonly Sample[], form: McapForm = {}): Promise<Uint8Array> {
  const { compression, withSchemas = true, ...options } = form;
  await zstd.isLoaded;
  const buffer = new TempBuffer();
  const compressChunk = (data: Uint8Array) => ({
    compression: compression!,
    compressedData: COMPRESSIONS[compression!](data),
  });
  const writer = new McapWriter({
    writable: buffer,
    chunkSize: 500,
    ...options,
    ...(compression && { compressChunk }),
  });
  await writer.start({ profile: "ros2", library: "a test" });
  const channels = new Map<string, number>();
  for (const [sequence, { topic, type, logTime, data, publisher, definition }] of messages.entries()) {
    const key = `${topic} ${publisher}`;
    let channelId = channels.get(key);
    if (channelId === undefined) {
      const schema = withSchemas ? (definition ?? messageType(type).schema) : "";
      const schemaId = await writer.registerSchema({ name: type, encoding: "ros2msg", data: Buffer.from(schema) });
      const metadata = new Map([["offered_qos_profiles", `of ${topic}`]]);
      if (publisher !== undefined) metadata.set("callerid", publisher);
      channelId = await writer.registerChannel({ schemaId, topic, messageEncoding: "cdr", metadata });
      channels.set(key, channelId);
    }
    await writer.addMessage({ channelId, sequence, logTime, publishTime: logTime, data });
  }
  await writer.end();
  return buffer.get();
}

/** Versions of the schema of rosbag2's databases, each with the columns and tables that came with it. */
export const DB3_VERSIONS = [1, 2, 3, 4] as const;

/** Writes a database as rosbag2 does; `journal` as its resilient preset. */
export function writeDb3(path: string, messages: readonly Sample[], version: number, journal = "delete"): void {
  const database = new sqlite.Database(path);
  try {
    database.exec("PRAGMA locking_mode=EXCLUSIVE");
    database.exec(`PRAGMA journal_mode=${journal}`);
    const qos = version >= 2 ? ", offered_qos_profiles TEXT NOT NULL" : "";
    const hash = version >= 4 ? ", type_description_hash TEXT NOT NULL" : "";
    const topicColumns =
      "id INTEGER PRIMARY KEY, name TEXT NOT NULL, type TEXT NOT NULL, serialization_format TEXT NOT NULL";
    database.exec(`CREATE TABLE topics(${topicColumns}${qos}${hash})`);
    database.exec("CREATE TABLE messages(id INTEGER PRIMARY KEY, topic_id INTEGER, timestamp INTEGER, data BLOB)");
    database.exec("CREATE INDEX timestamp_idx ON messages (timestamp ASC)");
    if (version >= 3)
      database.exec("CREATE TABLE schema(schema_version INTEGER PRIMARY KEY, ros_distro TEXT NOT NULL)");
    if (version >= 4) {
      const columns = "id INTEGER PRIMARY KEY, topic_type TEXT, encoding TEXT, encoded_message_definition TEXT";
      database.exec(`CREATE TABLE message_definitions(${columns}, type_description_hash TEXT)`);
    }
    const ids = new Map<string, number>();
    database.exec("BEGIN");
    for (const { topic, type, logTime, data } of messages) {
      let id = ids.get(topic);
      if (id === undefined) {
        id = ids.size + 1;
        ids.set(topic, id);
        const values = [id, topic, type, "cdr", ...(qos ? [`of ${topic}`] : []), ...(hash ? [`RIHS01_${id}`] : [])];
        database.run(`INSERT INTO topics VALUES (${values.map(() => "?").join(", ")})`, values);
        if (hash) {
          const definition = [id, type, "ros2msg", messageType(type).schema, ""];
          database.run("INSERT INTO message_definitions VALUES (?, ?, ?, ?, ?)", definition);
        }
      }
      database.run("INSERT INTO messages (topic_id, timestamp, data) VALUES (?, ?, ?)", [id, logTime, data]);
    }
    database.exec("COMMIT");
  } finally {
    database.close();
  }
}

export const writeMcap = async (path: string, messages: readonly Sample[], form?: McapForm): Promise<void> =>
  writeFile(path, await mcapOf(messages, form));

/** Everything in a bag, in the form of what was recorded. */
export async function readAll(bag: Bag, selection?: Selection): Promise<Sample[]> {
  const found: Sample[] = [];
  for await (const { topic, logTime, data } of bag.read(selection)) {
    if (!bag.topics.includes(topic)) throw new Error(`${topic.name}: not the topic that the bag lists`);
    found.push({ topic: topic.name, type: topic.type, logTime, data: Uint8Array.from(data) });
  }
  return found;
}
