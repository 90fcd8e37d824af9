import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sqlite from "node-sqlite3-wasm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openBag } from "#src/bag/open-bag.js";
import { formOf } from "#src/bag/output.js";
import { writeDatabase } from "#src/bag/sqlite-writer.js";
import { messageType } from "#src/messages/definitions.js";
import { readAll, samples, writeMcap } from "./recordings.js";

let folder: string;
const at = (name: string): string => join(folder, name);
const METADATA = { version: 8, distro: "unknown", yaml: "version: 8\n" };
/** A database that rosbag2 wrote: see test/data/bags/README.md. */
const RECORDED = "test/data/bags/sqlite3/cdr_test/cdr_test_0.db3";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-db3-"));
});
afterAll(() => rm(folder, { recursive: true }));

const rowsOf = (path: string, sql: string) => {
  const database = new sqlite.Database(path, { readOnly: true });
  try {
    return database.all(sql) as Record<string, unknown>[];
  } finally {
    database.close();
  }
};

/** Tables and indices with their columns, whatever the spelling of the statements. */
const shapeOf = (path: string) =>
  Object.fromEntries(
    rowsOf(path, "SELECT name FROM sqlite_master ORDER BY name").map(({ name }) => [
      name,
      [`table_info(${name})`, `index_info(${name})`].map((pragma) => rowsOf(path, `PRAGMA ${pragma}`)),
    ]),
  );

describe("a database", () => {
  it("has the tables, columns and index that rosbag2's own has", async () => {
    await writeMcap(at("shape.mcap"), samples(4));
    const bag = await openBag(at("shape.mcap"));
    await writeDatabase(at("shape.db3"), bag, METADATA);
    await bag.close();
    const recorded = shapeOf(RECORDED);
    expect(Object.keys(recorded)).toHaveLength(6);
    expect(shapeOf(at("shape.db3"))).toEqual(recorded);
    const [version] = rowsOf(RECORDED, "SELECT schema_version FROM schema");
    expect(rowsOf(at("shape.db3"), "SELECT schema_version FROM schema")).toEqual([version]);
    expect(rowsOf(at("shape.db3"), "SELECT metadata_version, metadata FROM metadata")).toEqual([
      { metadata_version: 8, metadata: "version: 8\n" },
    ]);
  });

  it("holds what the bag holds: messages in order, topics, definitions and quality of service", async () => {
    const messages = samples(50);
    // Two messages of one time keep their order.
    messages[7] = { ...messages[7]!, logTime: messages[6]!.logTime };
    await writeMcap(at("whole.mcap"), messages, { compression: "zstd" });
    const bag = await openBag(at("whole.mcap"));
    await writeDatabase(at("whole.db3"), bag, METADATA);
    const copy = await openBag(at("whole.db3"));
    expect(await readAll(copy)).toEqual(messages);
    expect([copy.start, copy.end, copy.messages, copy.problems]).toEqual([bag.start, bag.end, 50, []]);
    expect(copy.topics).toEqual(bag.topics);
    const [jointStates] = copy.topics.filter(({ name }) => name === "/joint_states");
    expect(new TextDecoder().decode(jointStates!.schema!.data)).toBe(messageType("sensor_msgs/msg/JointState").schema);
    await Promise.all([bag.close(), copy.close()]);
    expect(rowsOf(at("whole.db3"), "PRAGMA integrity_check")).toEqual([{ integrity_check: "ok" }]);
  });

  it("can be read by whoever can read other new files", async () => {
    const bag = await openBag(at("whole.mcap"));
    await writeDatabase(at("mode.db3"), bag, METADATA);
    await bag.close();
    expect((await stat(at("mode.db3"))).mode).toBe((await stat(at("whole.mcap"))).mode);
  });

  it("copies one of rosbag2's unchanged", async () => {
    const bag = await openBag(RECORDED);
    await writeDatabase(at("copy.db3"), bag, METADATA);
    const copy = await openBag(at("copy.db3"));
    const all = await readAll(bag);
    expect(all.length).toBeGreaterThan(0);
    expect(await readAll(copy)).toEqual(all);
    await Promise.all([bag.close(), copy.close()]);
  });
});

describe("an output's name", () => {
  it.each([
    ["run.mcap", "mcap"],
    ["a.b/run.db3", "db3"],
    ["run", "folder"],
    ["run.bag/", "folder"],
    ["rosbag2_2026_11_28-10.15.00", "folder"],
    ["a.bag/run", "folder"],
  ])("%s asks for %s", (name, form) => {
    expect(formOf(name)).toBe(form);
  });

  it.each([
    ["run.bag", /^run\.bag: ROS 1 bags are not written, expected a name ending in \.mcap or \.db3, or /],
    ["run.zip", /^run\.zip: archives are not written, expected /],
    ["run.MCAP", /^run\.MCAP: bags do not end in \.MCAP, expected /],
    ["run.constructor", /^run\.constructor: bags do not end in \.constructor, /],
  ])("%s is refused", (name, message) => {
    expect(() => formOf(name)).toThrow(message);
  });
});
