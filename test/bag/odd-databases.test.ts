import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sqlite from "node-sqlite3-wasm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openBag } from "#src/bag/open-bag.js";
import { InputError } from "#src/errors.js";
import { readAll, samples, writeDb3 } from "./recordings.js";

/** A sound bag of nine messages, three of /text (rows 1, 4, 7), changed by some SQL. */
const WRITTEN = samples(9);
let folder: string;
let count = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-odd-"));
});
afterAll(() => rm(folder, { recursive: true }));

function changedBy(sql: string): string {
  const path = join(folder, `${count++}.db3`);
  writeDb3(path, WRITTEN, 4);
  const database = new sqlite.Database(path);
  database.exec(sql);
  database.close();
  return path;
}

/** Without the types and constraints of its columns. */
const loose = (table: string) =>
  `CREATE TABLE l AS SELECT * FROM ${table}; DROP TABLE ${table}; ALTER TABLE l RENAME TO ${table};`;

test.each([
  ["-1", '"-1"'],
  ["-9223372036854775808", '"-9223372036854775808"'],
  ["'text'", '"text"'],
  ["1.5", '"1.5"'],
  ["1e300", '"1e+300"'],
  ["NULL", '"null"'],
  ["x'00'", "binary data"],
])("a row whose timestamp is %s is lost with a word, all others are read", async (value, shown) => {
  for (const before of ["", loose("messages")]) {
    const path = changedBy(`${before} UPDATE messages SET timestamp = ${value} WHERE id = 3`);
    const bag = await openBag(path);
    expect(await readAll(bag)).toEqual(WRITTEN.filter((_, i) => i !== 2));
    expect([bag.start, bag.end, bag.messages]).toEqual([WRITTEN[0]!.logTime, WRITTEN[8]!.logTime, 8]);
    expect(bag.losses.messages).toEqual(new Map([["/joint_states", 1]]));
    const reason = `its time is ${shown}, expected a whole number of nanoseconds`;
    expect(bag.problems).toEqual([`${path}: 1 message of /joint_states could not be read (${reason})`]);
    await bag.close();
  }
});

test("rows that hold text in place of their messages are lost with a word", async () => {
  const bag = await openBag(changedBy("UPDATE messages SET data = 'text' WHERE id = 4"));
  expect(await readAll(bag)).toEqual(WRITTEN.filter((_, i) => i !== 3));
  expect(bag.problems[0]).toMatch(/1 message of \/text could not be read .*it has no payload/);
  await bag.close();
});

test("a topic without a name is none, and its messages are lost with a word", async () => {
  const bag = await openBag(changedBy(`${loose("topics")} UPDATE topics SET name = NULL WHERE id = 1`));
  expect(bag.topics.map(({ name }) => name)).toEqual(["/joint_states"]);
  expect(await readAll(bag)).toEqual(WRITTEN.filter(({ topic }) => topic === "/joint_states"));
  expect(bag.problems[0]).toMatch(/3 messages of unknown topics could not be read .*topic 1 is not described/);
  await bag.close();
});

const endless = (table: string, columns: string) =>
  `DROP TABLE ${table}; CREATE VIEW ${table} AS WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT ${columns} FROM r`;

test.each([
  [
    endless("messages", "n AS id, 1 AS topic_id, n AS timestamp, x'00' AS data"),
    "messages is a view, expected a table",
  ],
  [endless("topics", "n AS id, '/a' AS name, 'std_msgs/msg/String' AS type"), "topics is a view, expected a table"],
  [endless("message_definitions", "n AS id"), "message_definitions is a view, expected a table"],
  ["DROP TABLE messages", "no such table: messages"],
  ["DROP TABLE topics", "no such table: topics"],
  ["ALTER TABLE messages RENAME COLUMN data TO payload", "no such column: data"],
  ["ALTER TABLE messages RENAME COLUMN timestamp TO stamp", "no such column: timestamp"],
])("%s is refused", async (sql, reason) => {
  const path = changedBy(sql);
  await expect(openBag(path)).rejects.toThrow(new InputError(`${path}: not a rosbag2 database (${reason})`));
});
