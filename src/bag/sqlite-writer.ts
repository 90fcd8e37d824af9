import { open } from "node:fs/promises";
import sqlite from "node-sqlite3-wasm";
import { type Bag, keyOf, type Topic } from "./bag.js";

type Database = InstanceType<typeof sqlite.Database>;

/** The version of rosbag2's tables that is written: that of ROS 2 Iron and later, which Humble reads too. */
const SCHEMA_VERSION = 4;

/** Tables and index as rosbag2_storage_sqlite3 makes them. */
const TABLES = [
  "schema(schema_version INTEGER PRIMARY KEY, ros_distro TEXT NOT NULL)",
  "metadata(id INTEGER PRIMARY KEY, metadata_version INTEGER NOT NULL, metadata TEXT NOT NULL)",
  "topics(id INTEGER PRIMARY KEY, name TEXT NOT NULL, type TEXT NOT NULL, serialization_format TEXT NOT NULL, " +
    "offered_qos_profiles TEXT NOT NULL, type_description_hash TEXT NOT NULL)",
  "message_definitions(id INTEGER PRIMARY KEY, topic_type TEXT NOT NULL, encoding TEXT NOT NULL, " +
    "encoded_message_definition TEXT NOT NULL, type_description_hash TEXT NOT NULL)",
  "messages(id INTEGER PRIMARY KEY, topic_id INTEGER NOT NULL, timestamp INTEGER NOT NULL, data BLOB NOT NULL)",
];

/** Metadata of a bag in rosbag2's form, without their outer key. */
export interface BagMetadata {
  readonly version: number;
  readonly yaml: string;
  readonly distro: string;
}

/**
 * Writes a bag as a rosbag2 database to a new file: topics with QoS and type hash, definitions, and the messages by log
 * time. The publish times have no column there.
 */
export async function writeDatabase(path: string, bag: Bag, metadata: BagMetadata): Promise<void> {
  // SQLite itself would let nobody else read the file.
  await (await open(path, "wx")).close();
  const database = new sqlite.Database(path);
  try {
    // The file gets its name only once it is complete, so that it needs no journal.
    database.exec("PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF");
    database.exec("BEGIN");
    for (const table of TABLES) database.exec(`CREATE TABLE ${table}`);
    database.exec("CREATE INDEX timestamp_idx ON messages (timestamp ASC)");
    database.run("INSERT INTO schema VALUES (?, ?)", [SCHEMA_VERSION, metadata.distro]);
    database.run("INSERT INTO metadata VALUES (1, ?, ?)", [metadata.version, metadata.yaml]);
    await writeMessages(database, bag, writeTopics(database, bag.topics));
    database.exec("COMMIT");
  } finally {
    database.close();
  }
  const file = await open(path);
  await file.sync().finally(() => file.close());
}

/** Number of each topic, by `keyOf`. */
function writeTopics(database: Database, topics: readonly Topic[]): ReadonlyMap<string, number> {
  const ids = new Map<string, number>();
  const defined = new Set<string>();
  for (const topic of topics.filter(({ messages }) => messages > 0)) {
    const { name, type, encoding, schema, metadata } = topic;
    const hash = metadata.get("topic_type_hash") ?? "";
    const qos = metadata.get("offered_qos_profiles") ?? "";
    ids.set(keyOf(topic), ids.size + 1);
    database.run("INSERT INTO topics VALUES (?, ?, ?, ?, ?, ?)", [ids.size, name, type, encoding, qos, hash]);
    if (!schema || defined.has(type)) continue;
    defined.add(type);
    const definition = [defined.size, type, schema.encoding, new TextDecoder().decode(schema.data), hash];
    database.run("INSERT INTO message_definitions VALUES (?, ?, ?, ?, ?)", definition);
  }
  return ids;
}

async function writeMessages(database: Database, bag: Bag, ids: ReadonlyMap<string, number>): Promise<void> {
  const statement = database.prepare("INSERT INTO messages (topic_id, timestamp, data) VALUES (?, ?, ?)");
  try {
    for await (const { topic, logTime, data } of bag.read()) statement.run([ids.get(keyOf(topic))!, logTime, data]);
  } finally {
    statement.finalize();
  }
}
