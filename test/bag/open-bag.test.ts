import { createHash, randomBytes } from "node:crypto";
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import zstd from "@foxglove/wasm-zstd";
import sqlite from "node-sqlite3-wasm";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Bag } from "#src/bag/bag.js";
import { openBag, openBags } from "#src/bag/open-bag.js";
import { InputError } from "#src/errors.js";
import {
  DB3_VERSIONS,
  type McapForm,
  mcapOf,
  readAll,
  type Sample,
  samples,
  writeDb3,
  writeMcap,
} from "./recordings.js";

let folder: string;
const opened: Bag[] = [];
const at = (name: string): string => join(folder, name);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-open-"));
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((bag) => bag.close()));
  await rm(folder, { recursive: true });
});

async function bagOf(...paths: string[]): Promise<Bag> {
  const bag = await openBags(paths.map(at));
  opened.push(bag);
  return bag;
}

const reasonOf = (path: string): Promise<string> =>
  openBag(at(path)).then(
    async (bag) => {
      await bag.close();
      return "no refusal";
    },
    (error: Error) => {
      if (!(error instanceof InputError)) throw error;
      return error.message.replaceAll(`${folder}/`, "");
    },
  );

const FORMS: Readonly<Record<string, McapForm>> = {
  "chunks by zstd": { compression: "zstd" },
  "chunks by lz4": { compression: "lz4" },
  "chunks uncompressed": {},
  "no chunks": { useChunks: false },
  "no message index": { useMessageIndex: false },
  "no chunk index": { useChunkIndex: false },
  "no statistics": { useStatistics: false },
};

describe("an MCAP file", () => {
  for (const [name, form] of Object.entries(FORMS)) {
    it(`is read whole: ${name}`, async () => {
      const messages = samples(60);
      await writeMcap(at("bag.mcap"), messages, form);
      const bag = await bagOf("bag.mcap");
      expect(await readAll(bag)).toEqual(messages);
      expect(bag).toMatchObject({
        messages: 60,
        problems: [],
        isPacked: form.compression !== undefined,
        start: messages[0]!.logTime,
        end: messages[59]!.logTime,
      });
      const [text] = bag.topics;
      expect(text).toMatchObject({ name: "/text", type: "std_msgs/msg/String", encoding: "cdr", messages: 20 });
      expect(text!.metadata.get("offered_qos_profiles")).toBe("of /text");
      expect(new TextDecoder().decode(text!.schema!.data)).toContain("string data");
    });

    it(`gives the topics and times asked for: ${name}`, async () => {
      const messages = samples(60);
      await writeMcap(at("bag.mcap"), messages, form);
      const [start, end] = [messages[7]!.logTime, messages[20]!.logTime];
      const found = await readAll(await bagOf("bag.mcap"), { topics: new Set(["/text"]), start, end });
      expect(found).toEqual(messages.slice(7, 21).filter(({ topic }) => topic === "/text"));
    });
  }

  it("that was cut off anywhere gives its whole messages and reports the loss", async () => {
    const messages = samples(40);
    for (const form of [{ compression: "zstd" }, { useChunks: false }] as const) {
      const whole = await mcapOf(messages, form);
      let before = 0;
      for (let length = 400; length < whole.length - 9; length += 397) {
        await writeFile(at("cut.mcap"), whole.subarray(0, length));
        const bag = await openBag(at("cut.mcap"));
        const found = await readAll(bag);
        expect(found).toEqual(messages.slice(0, found.length));
        expect(found.length).toBeGreaterThanOrEqual(before);
        expect(bag.messages).toBe(found.length);
        if (found.length < messages.length) expect(bag.problems.join()).toContain(`${found.length} complete messages`);
        before = found.length;
        await bag.close();
      }
      expect(before).toBe(40);
    }
  });

  it("takes types written without msg for the same, and knows channels without a schema", async () => {
    const messages = samples(3).map((sample) => ({ ...sample, topic: "/a" }));
    await writeMcap(at("bag.mcap"), messages, { withSchemas: false });
    expect((await bagOf("bag.mcap")).topics).toMatchObject([{ type: "std_msgs/msg/String", schema: undefined }]);
  });

  it("is empty where it has no messages", async () => {
    await writeMcap(at("bag.mcap"), []);
    const bag = await bagOf("bag.mcap");
    expect(await readAll(bag)).toEqual([]);
    expect(bag).toMatchObject({ messages: 0, start: 0n, end: 0n, topics: [] });
  });
});

describe("a database", () => {
  for (const version of DB3_VERSIONS) {
    for (const journal of ["delete", "wal"]) {
      it(`of schema version ${version}, journal ${journal}, is read whole and left alone`, async () => {
        const messages = samples(30);
        writeDb3(at("bag.db3"), messages, version, journal);
        const before = [await readFile(at("bag.db3")), (await stat(at("bag.db3"))).mtimeMs];
        const bag = await bagOf("bag.db3");
        expect(await readAll(bag)).toEqual(messages);
        expect(bag).toMatchObject({ messages: 30, start: messages[0]!.logTime, end: messages[29]!.logTime });
        const [text] = bag.topics;
        expect(text).toMatchObject({ name: "/text", type: "std_msgs/msg/String", encoding: "cdr", messages: 10 });
        expect(text!.metadata.get("offered_qos_profiles")).toBe(version >= 2 ? "of /text" : undefined);
        expect(text!.metadata.get("topic_type_hash")).toBe(version >= 4 ? "RIHS01_1" : undefined);
        expect(text!.schema === undefined).toBe(version < 4);
        expect(await readdir(folder)).toEqual(["bag.db3"]);
        expect([await readFile(at("bag.db3")), (await stat(at("bag.db3"))).mtimeMs]).toEqual(before);
      });
    }
  }

  it("whose recorder was killed is read with what is only in its write-ahead log", async () => {
    const messages = samples(30);
    writeDb3(at("live.db3"), [], 4, "wal");
    const recorder = new sqlite.Database(at("live.db3"));
    recorder.exec("PRAGMA locking_mode=EXCLUSIVE");
    recorder.exec("PRAGMA journal_mode=WAL");
    recorder.run("INSERT INTO topics VALUES (1, '/text', 'std_msgs/msg/String', 'cdr', '', '')");
    for (const { logTime, data } of messages)
      recorder.run("INSERT INTO messages (topic_id, timestamp, data) VALUES (1, ?, ?)", [logTime, data]);
    for (const suffix of ["", "-wal"]) await copyFile(at(`live.db3${suffix}`), at(`bag.db3${suffix}`));
    recorder.close();
    const before = await readFile(at("bag.db3"));
    const found = await readAll(await bagOf("bag.db3"));
    expect(found.map(({ logTime }) => logTime)).toEqual(messages.map(({ logTime }) => logTime));
    expect(await readFile(at("bag.db3"))).toEqual(before);
    expect((await stat(at("bag.db3-wal"))).size).toBeGreaterThan(0);
  });

  it("gives the topics and times asked for", async () => {
    const messages = samples(60);
    writeDb3(at("bag.db3"), messages, 3);
    const [start, end] = [messages[7]!.logTime, messages[20]!.logTime];
    const found = await readAll(await bagOf("bag.db3"), { topics: new Set(["/text", "/none"]), start, end });
    expect(found).toEqual(messages.slice(7, 21).filter(({ topic }) => topic === "/text"));
  });

  it("of something else is refused", async () => {
    const other = new sqlite.Database(at("other.db3"));
    other.exec("CREATE TABLE songs(id INTEGER)");
    other.close();
    expect(await reasonOf("other.db3")).toMatch(/^other.db3: not a rosbag2 database \(no such table/);
  });
});

describe("compression by rosbag2", () => {
  it("of every message is undone", async () => {
    await zstd.isLoaded;
    const messages = samples(12);
    const packed = messages.map((sample) => ({ ...sample, data: Uint8Array.from(zstd.compress(sample.data, 1)) }));
    writeDb3(at("a.db3"), packed, 3);
    await writeMcap(at("b.mcap"), packed);
    const bag = await bagOf("a.db3");
    expect(bag.isPacked).toBe(true);
    expect(await readAll(bag)).toEqual(messages);
    expect(await readAll(await bagOf("b.mcap"))).toEqual(messages);
  });

  it("of whole files is undone, as far as they go where they are cut off", async () => {
    await zstd.isLoaded;
    // Several megabytes, part of it random and part of it repeated: many blocks of zstd, with references far back.
    const data = (i: number) => Uint8Array.from(i % 2 === 0 ? randomBytes(300_000) : Buffer.alloc(300_000, `${i} `));
    const messages = samples(20).map((sample, i) => ({ ...sample, data: data(i) }));
    const digests = (found: readonly Sample[]) =>
      found.map(({ topic, data }) => [topic, createHash("sha256").update(data).digest("hex")]);
    writeDb3(at("a.db3"), messages, 4);
    const packed = zstd.compress(await readFile(at("a.db3")), 1);
    await writeFile(at("a.db3.zstd"), packed);
    const unpacked = await bagOf("a.db3.zstd");
    expect(unpacked.isPacked).toBe(true);
    expect(digests(await readAll(unpacked))).toEqual(digests(messages));
    await writeFile(at("cut.db3.zstd"), packed.subarray(0, packed.length >> 1));
    const cut = await bagOf("cut.db3.zstd");
    const found = digests(await readAll(cut));
    expect(found.length).toBeGreaterThan(5);
    expect(digests(messages)).toEqual(expect.arrayContaining(found));
    expect(cut.problems[0]).toMatch(/cut\.db3\.zstd: cannot be decompressed as zstd \(.+\) behind its first \d+ bytes/);
    await writeFile(at("none.db3.zstd"), packed.subarray(0, 20));
    expect(await reasonOf("none.db3.zstd")).toMatch(/^none.db3.zstd: cannot be decompressed as zstd/);
  });
});

describe("a folder", () => {
  const files = ["run_0.mcap", "run_1.mcap", "run_10.mcap"];
  const messages = samples(30);

  beforeEach(async () => {
    await mkdir(at("run"));
    for (const [i, name] of files.entries()) await writeMcap(at(`run/${name}`), messages.slice(10 * i, 10 * i + 10));
  });

  it("without metadata is its files by number", async () => {
    const bag = await bagOf("run");
    expect(await readAll(bag)).toEqual(messages);
    expect(bag).toMatchObject({ messages: 30, start: messages[0]!.logTime, end: messages[29]!.logTime });
    expect(bag.topics.map(({ name, messages }) => [name, messages])).toEqual([
      ["/text", 10],
      ["/joint_states", 20],
    ]);
  });

  it("is what its metadata name, in that order", async () => {
    const list = (names: string[]) =>
      writeFile(
        at("run/metadata.yaml"),
        `rosbag2_bagfile_information:\n  relative_file_paths: [${names.join(", ")}]\n  version: 5\n`,
      );
    await list(["run/run_1.mcap", "run_0.mcap"]);
    expect(await readAll(await bagOf("run"))).toEqual([...messages.slice(10, 20), ...messages.slice(0, 10)]);
    await list(["run_0.mcap", "run_7.mcap"]);
    expect(await reasonOf("run")).toBe("run/metadata.yaml: names run_7.mcap, which is not in the folder");
    await zstd.isLoaded;
    await writeFile(at("run/run_7.mcap.zstd"), zstd.compress(await mcapOf(messages.slice(0, 4)), 1));
    const packed = await bagOf("run");
    expect(packed.isPacked).toBe(true);
    expect((await readAll(packed)).slice(-4)).toEqual(messages.slice(0, 4));
  });

  it.each(["rosbag2_bagfile_information: 3\n", "rosbag2_bagfile_information:\n  version: {a\n", "\xff\x01{\x00]"])(
    "whose metadata cannot be read is its files, with a warning: %j",
    async (text) => {
      await writeFile(at("run/metadata.yaml"), text);
      const bag = await bagOf("run");
      expect(await readAll(bag)).toEqual(messages);
      expect(bag.problems).toEqual([expect.stringMatching(/^\S+run\/metadata\.yaml: .*; taken as missing$/)]);
    },
  );

  it("loses no file without a word, wherever its metadata were cut off", async () => {
    const whole =
      "rosbag2_bagfile_information:\n  version: 5\n  relative_file_paths:\n" +
      "    - run_0.mcap\n    - run_1.mcap\n    - run_10.mcap\n  duration: {nanoseconds: 5}\n";
    for (let length = 1; length <= whole.length; length++) {
      await writeFile(at("run/metadata.yaml"), whole.slice(0, length));
      const bag = await bagOf("run");
      const read = (await readAll(bag)).length;
      expect(read % 10).toBe(0);
      const lost = ["run_0", "run_1", "run_10"].slice(read / 10).map((name) => at(`run/${name}.mcap`));
      const { problems } = bag;
      await bag.close();
      const list = `left out ${lost.join(", ")}: not in the list of ${at("run/metadata.yaml")}`;
      if (lost.length > 0) expect(problems).toEqual([list]);
    }
  });

  it("without bags is refused", async () => {
    await mkdir(at("nothing"));
    expect(await reasonOf("nothing")).toBe("nothing: a folder without .mcap or .db3 files, expected a bag");
    await writeFile(join(folder, "nothing", "bridge-train.tfrecord-00000-of-00001"), "");
    expect(await reasonOf("nothing")).toBe(
      "nothing: RLDS (TensorFlow's records), expected a bag; convert it to a LeRobot data set",
    );
  });
});

describe("several bags", () => {
  it("are one by log time, the first named first at equal times", async () => {
    const messages = samples(40);
    const again = messages.slice(0, 5).map((sample) => ({ ...sample, data: sample.data.map((byte) => byte ^ 1) }));
    await writeMcap(
      at("a.mcap"),
      messages.filter((_, i) => i % 2 === 0),
    );
    writeDb3(
      at("b.db3"),
      messages.filter((_, i) => i % 2 === 1),
      4,
    );
    await writeMcap(at("c.mcap"), again);
    const found = await readAll(await bagOf("a.mcap", "b.db3", "c.mcap"));
    const pairs = messages.flatMap((sample, i) => (again[i] ? [sample, again[i]] : [sample]));
    expect(found).toEqual(pairs);
  });
});

describe("what is no bag", () => {
  it.each([
    ["ros1.bag", "#ROSBAG V2.0\n", /^ros1.bag: a ROS 1 bag, expected MCAP or SQLite \(convert it first/],
    ["a.mcap.gz", gzipSync("mcap"), /^a.mcap.gz: compressed by gzip, .*gunzip/],
    ["lfs.mcap", "version https://git-lfs.github.com/spec/v1\n", /^lfs.mcap: a pointer of Git LFS, .*git lfs pull/],
    ["empty.mcap", "", /^empty.mcap: an empty file, expected a bag/],
    ["text.mcap", "hello", /^text.mcap: neither MCAP nor SQLite, expected a bag/],
  ])("is refused with the reason: %s", async (name, data, reason) => {
    await writeFile(at(name), data);
    expect(await reasonOf(name)).toMatch(reason);
  });

  it("names a file that is not there", async () => {
    expect(await reasonOf("gone.mcap")).toBe("gone.mcap: cannot read the bag (no such file)");
  });
});
