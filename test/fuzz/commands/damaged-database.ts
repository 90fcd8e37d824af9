import sqlite from "node-sqlite3-wasm";
import type { Choices } from "../choices.js";

const VALUES = [
  "NULL",
  "-1",
  "0",
  "1.5",
  "1e300",
  "'zork'",
  "''",
  "x''",
  "x'00'",
  "x'0001000000000000'",
  "9223372036854775807",
  "-9223372036854775808",
];
const LOOSE = (table: string) =>
  `CREATE TABLE loose AS SELECT * FROM ${table}; DROP TABLE ${table}; ALTER TABLE loose RENAME TO ${table}`;
const ENDLESS = (columns: string) =>
  `WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT ${columns} FROM r`;

/** Statements that keep a database sound and make its rows or its tables odd. */
const STATEMENTS: readonly ((c: Choices) => string)[] = [
  (c) => `UPDATE messages SET timestamp = ${c.pick(VALUES)} WHERE id % ${1 + c.below(4)} = 0`,
  (c) => `UPDATE messages SET timestamp = ${c.pick(VALUES)} WHERE id = ${1 + c.below(9)}`,
  (c) => `UPDATE messages SET data = ${c.pick(VALUES)} WHERE id % ${1 + c.below(4)} = 0`,
  (c) => `UPDATE messages SET data = CAST(data AS TEXT) WHERE id % ${1 + c.below(4)} = 0`,
  (c) => `UPDATE messages SET topic_id = ${c.pick(VALUES)} WHERE id % ${1 + c.below(4)} = 0`,
  (c) => `UPDATE messages SET id = ${c.pick(["-5", "0", "9223372036854775807"])} WHERE id = ${1 + c.below(9)}`,
  (c) => `${LOOSE("messages")}; UPDATE messages SET id = ${c.pick(VALUES)} WHERE id % ${1 + c.below(4)} = 0`,
  (c) =>
    `${LOOSE("topics")}; UPDATE topics SET ${c.pick(["id", "name", "type", "serialization_format", "offered_qos_profiles"])} = ${c.pick(VALUES)}`,
  (c) =>
    `${LOOSE("topics")}; UPDATE topics SET ${c.pick(["id", "name", "type", "serialization_format"])} = ${c.pick(VALUES)} WHERE id = ${1 + c.below(3)}`,
  (c) =>
    `UPDATE message_definitions SET ${c.pick(["topic_type", "encoding", "encoded_message_definition"])} = ${c.pick(VALUES)}`,
  (c) => `DROP TABLE ${c.pick(["messages", "topics", "schema", "message_definitions"])}`,
  (c) => `DELETE FROM ${c.pick(["messages", "topics", "message_definitions"])}`,
  (c) => `ALTER TABLE messages RENAME COLUMN ${c.pick(["id", "topic_id", "timestamp", "data"])} TO zork`,
  (c) => `ALTER TABLE topics RENAME COLUMN ${c.pick(["id", "name", "type", "serialization_format"])} TO zork`,
  () => "DROP INDEX timestamp_idx",
  () =>
    `DROP TABLE messages; CREATE VIEW messages AS ${ENDLESS("n AS id, 1 AS topic_id, n AS timestamp, x'00' AS data")}`,
  () =>
    `DROP TABLE topics; CREATE VIEW topics AS ${ENDLESS("n AS id, '/t' || n AS name, 'std_msgs/msg/String' AS type, 'cdr' AS serialization_format")}`,
  () =>
    `DROP TABLE message_definitions; CREATE VIEW message_definitions AS ${ENDLESS("n AS id, 'a/msg/B' AS topic_type, 'ros2msg' AS encoding, 'string a' AS encoded_message_definition")}`,
  () => "ALTER TABLE messages RENAME TO m; CREATE VIEW messages AS SELECT * FROM m",
  () =>
    "ALTER TABLE messages RENAME TO m; CREATE TABLE messages(id INTEGER PRIMARY KEY, topic_id INTEGER, timestamp INTEGER, data BLOB AS (zeroblob(99)))",
];

export function damagedDatabase(path: string, c: Choices): string {
  const database = new sqlite.Database(path);
  try {
    database.exec(c.pick(STATEMENTS)(c));
  } finally {
    database.close();
  }
  return "";
}
