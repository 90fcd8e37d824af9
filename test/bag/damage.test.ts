import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import zstd from "@foxglove/wasm-zstd";
import sqlite from "node-sqlite3-wasm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Losses } from "#src/bag/damage.js";
import { openBag, openBags } from "#src/bag/open-bag.js";
import { InputError } from "#src/errors.js";
import { type McapForm, mcapOf, readAll, type Sample, samples, writeDb3, writeMcap } from "./recordings.js";

const COUNT = 40;
const messages = samples(COUNT);
let folder: string;
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-damage-"));
  await zstd.isLoaded;
});
afterAll(() => rm(folder, { recursive: true }));

const keyOf = ({ topic, logTime, data }: Sample) => `${topic} ${logTime} ${Buffer.from(data).toString("base64")}`;
const originals = new Set(messages.map(keyOf));

interface Read {
  readonly found: readonly Sample[];
  readonly losses: Losses;
  readonly problems: readonly string[];
}

/** Reads a bag, or returns the one line that refuses it. */
async function readOf(name: string): Promise<Read | string> {
  try {
    const bag = await openBag(at(name));
    const found = await readAll(bag);
    const { losses, problems } = bag;
    await bag.close();
    return { found, losses, problems: problems.map((line) => line.replaceAll(`${folder}/`, "")) };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return error.message.replaceAll(`${folder}/`, "");
  }
}

const lostOf = ({ losses }: Read): number => [...losses.messages.values()].reduce((sum, count) => sum + count, 0);

function assertRead(read: Read | string): asserts read is Read {
  expect(read).toBeTypeOf("object");
}

/** A seeded generator (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Ways to damage a file at a place. */
const DAMAGES: Readonly<Record<string, (bytes: Uint8Array, place: number, next: () => number) => Uint8Array>> = {
  "a flipped bit": (bytes, place, next) => bytes.with(place, bytes[place]! ^ (1 << (next() * 8))),
  "a stretch of zeros": (bytes, place, next) => Uint8Array.from(bytes).fill(0, place, place + 1 + next() * 200),
  "a stretch of noise": (bytes, place, next) => {
    const end = place + 1 + next() * 100;
    return bytes.map((byte, i) => (i >= place && i < end ? next() * 256 : byte));
  },
};

interface Kind {
  readonly bytes: () => Promise<Uint8Array>;
  /** True where checksums tell of every damage, so that each message is the recorded one or counted as lost. */
  readonly isChecked?: boolean;
  readonly places: number;
}

const mcap = (form: McapForm, isChecked = true): Kind => ({
  bytes: () => mcapOf(messages, form),
  isChecked,
  places: 60,
});
const packed = () => messages.map((sample) => ({ ...sample, data: Uint8Array.from(zstd.compress(sample.data, 1)) }));
const db3 = async (of: readonly Sample[]) => {
  writeDb3(at("whole.db3"), of, 4);
  const bytes = await readFile(at("whole.db3"));
  await rm(at("whole.db3"));
  return bytes;
};

const KINDS: Readonly<Record<string, Kind>> = {
  "zstd.mcap": mcap({ compression: "zstd" }),
  "lz4.mcap": mcap({ compression: "lz4" }),
  "plain.mcap": mcap({}),
  "chunks-without-index.mcap": mcap({ useChunkIndex: false }, false),
  "without-statistics.mcap": mcap({ useStatistics: false }, false),
  "without-message-index.mcap": mcap({ useMessageIndex: false }),
  "not-repeated.mcap": mcap({ compression: "zstd", repeatChannels: false, repeatSchemas: false }),
  "no-chunks.mcap": mcap({ useChunks: false }, false),
  "packed-messages.mcap": { bytes: () => mcapOf(packed()), isChecked: true, places: 40 },
  "packed.mcap.zstd": { bytes: async () => zstd.compress(await mcapOf(messages), 1), places: 40 },
  "rows.db3": { bytes: () => db3(messages), places: 80 },
  "packed-rows.db3": { bytes: () => db3(packed()), places: 40 },
  "packed.db3.zstd": { bytes: async () => zstd.compress(await db3(messages), 1), places: 30 },
};

describe("a file damaged anywhere is read with its losses counted, or refused in one line", () => {
  for (const [name, { bytes, isChecked, places }] of Object.entries(KINDS)) {
    it(name, async () => {
      const whole = Uint8Array.from(await bytes());
      const next = random(name.length);
      for (const [how, damage] of Object.entries(DAMAGES)) {
        for (let i = 0; i < places; i++) {
          const place = Math.floor(((i + next()) / places) * whole.length);
          await writeFile(at(name), damage(whole, place, next));
          const where = `${how} at ${place} of ${whole.length}`;
          const read = await readOf(name);
          if (typeof read === "string") {
            expect(read, where).toMatch(new RegExp(`^${name}: `));
            // Only what is damaged in its first bytes is no MCAP file; the rest is read.
            if (name.endsWith(".mcap")) expect(place, where).toBeLessThan(8);
            continue;
          }
          const { found, problems } = read;
          const intact = found.filter((sample) => originals.has(keyOf(sample))).length;
          expect(
            [...found].sort((a, b) => Number(a.logTime - b.logTime)),
            where,
          ).toEqual(found);
          if (intact < COUNT && found.length < COUNT) expect(problems, where).not.toEqual([]);
          if (!isChecked) continue;
          expect(intact, where).toBe(found.length);
          // Noise may hit what tells the number of messages, too.
          if (how === "a flipped bit") expect(intact + lostOf(read), where).toBe(COUNT);
        }
      }
    });
  }
});

/** Puts a byte in the middle of every chunk whose index is listed. */
async function damageChunks(name: string, chunks: readonly number[], form: McapForm = { compression: "zstd" }) {
  const whole = Buffer.from(await mcapOf(messages, form));
  const { McapIndexedReader } = await import("@mcap/core");
  const readable = {
    size: async () => BigInt(whole.length),
    read: async (from: bigint, length: bigint) => whole.subarray(Number(from), Number(from + length)),
  };
  const { chunkIndexes } = await McapIndexedReader.Initialize({ readable });
  for (const index of chunks) {
    const { chunkStartOffset, chunkLength } = chunkIndexes[index]!;
    whole[Number(chunkStartOffset + chunkLength) - 20]! ^= 0x10;
  }
  await writeFile(at(name), whole);
  return chunks.map((index) => chunkIndexes[index]!);
}

describe("damage in an MCAP file", () => {
  it("is told with its number, its place and the messages that are lost", async () => {
    const [first, second] = await damageChunks("two.mcap", [1, 3]);
    const inside = ({ logTime }: Sample) =>
      [first!, second!].some(({ messageStartTime: from, messageEndTime: to }) => logTime >= from && logTime <= to);
    const read = await readOf("two.mcap");
    assertRead(read);
    expect(read.found).toEqual(messages.filter((sample) => !inside(sample)));
    const lost = messages.filter(inside);
    const count = (topic: string) => lost.filter((sample) => sample.topic === topic).length;
    expect(Object.fromEntries(read.losses.messages)).toEqual({
      "/text": count("/text"),
      "/joint_states": count("/joint_states"),
    });
    expect(read.losses.parts).toBe(2);
    const nanoseconds = [first!, second!].reduce(
      (sum, chunk) => sum + chunk.messageEndTime - chunk.messageStartTime,
      0n,
    );
    expect(read.losses.seconds).toBeCloseTo(Number(nanoseconds) / 1e9, 6);
    const start = Number(first!.messageStartTime - messages[0]!.logTime) / 1e9;
    expect(read.problems).toHaveLength(1);
    expect(read.problems[0]).toContain(
      `two.mcap: 2 damaged chunks skipped (${read.losses.seconds.toFixed(2)} s of 0.39 s, the first at ${start.toFixed(2)} s: `,
    );
    expect(read.problems[0]).toMatch(/lost: \d+ messages of \/\S+, \d+ messages of \/\S+$/);
  });

  it("counts once, however often the bag is read", async () => {
    await damageChunks("again.mcap", [2]);
    const bag = await openBag(at("again.mcap"));
    await readAll(bag);
    const { losses, problems } = bag;
    await readAll(bag);
    expect([bag.losses, bag.problems]).toEqual([losses, problems]);
    await bag.close();
  });

  it("by lz4 takes no other chunk with it", async () => {
    await writeFile(at("lz4.mcap"), await mcapOf(messages, { compression: "lz4" }));
    const bytes = await readFile(at("lz4.mcap"));
    // The frame's flags, in the first chunk: lz4 refuses them.
    bytes[bytes.indexOf(Buffer.from("04224d18", "hex")) + 4]! ^= 1;
    await writeFile(at("lz4.mcap"), bytes);
    const read = await readOf("lz4.mcap");
    assertRead(read);
    expect(read.losses.parts).toBe(1);
    expect(read.found.length + lostOf(read)).toBe(COUNT);
  });

  it("of one of several bags leaves the others alone", async () => {
    await damageChunks("a.mcap", [0, 1, 2]);
    const later = samples(COUNT, 1_800_000_000_000_000_000n);
    await writeMcap(at("b.mcap"), later);
    const bag = await openBags([at("a.mcap"), at("b.mcap")]);
    expect((await readAll(bag)).slice(-COUNT)).toEqual(later);
    expect(bag.losses.parts).toBe(3);
    await bag.close();
  });

  it("that is a compression nobody knows is called that", async () => {
    const bytes = Buffer.from(await mcapOf(messages, { compression: "zstd" }))
      .toString("latin1")
      .replaceAll("zstd", "zstf");
    await writeFile(at("strange.mcap"), Buffer.from(bytes, "latin1"));
    expect(await readOf("strange.mcap")).toBe(
      'strange.mcap: its chunks are compressed by "zstf", expected zstd, lz4, bz2 or none',
    );
  });
});

describe("an MCAP file without damage", () => {
  it("whose channels stand in chunks only is read", async () => {
    await writeMcap(at("once.mcap"), messages, { compression: "zstd", repeatChannels: false, repeatSchemas: false });
    const read = await readOf("once.mcap");
    expect(read).toMatchObject({ found: messages, problems: [] });
  });

  it.each<[string, McapForm]>([
    ["no chunks", { useChunks: false }],
    ["chunks", {}],
    ["chunks without an index", { useChunkIndex: false }],
  ])("is read by log time, in whatever order it was written: %s", async (_, form) => {
    const next = random(7);
    const orders = {
      backwards: [...messages].reverse(),
      "topic by topic": [...messages].sort((a, b) => (a.topic < b.topic ? -1 : Number(a.topic > b.topic))),
      shuffled: messages
        .map((sample) => ({ sample, key: next() }))
        .sort((a, b) => a.key - b.key)
        .map(({ sample }) => sample),
    };
    for (const order of Object.values(orders)) {
      await writeMcap(at("order.mcap"), order, form);
      expect(await readOf("order.mcap")).toMatchObject({ found: messages, problems: [] });
    }
  });

  it("with messages between its chunks is read whole", async () => {
    const loose = Buffer.from(await mcapOf(messages.slice(0, 21), { useChunks: false }));
    const chunks = Buffer.from(await mcapOf(messages.slice(21), {}));
    // Channels have the same numbers in both; the summary of the second knows nothing of the first's messages.
    const dataOf = (bytes: Buffer) => bytes.subarray(8, bytes.length - 8 - 29);
    await writeFile(
      at("both.mcap"),
      Buffer.concat([chunks.subarray(0, 8), dataOf(loose).subarray(0, endOfData(loose) - 8), chunks.subarray(8)]),
    );
    const read = await readOf("both.mcap");
    assertRead(read);
    expect(read.found).toEqual(messages);
  });
});

/** Offset of the record that ends a file's data. */
function endOfData(bytes: Buffer): number {
  let offset = 8;
  while (bytes[offset] !== 0x0f) offset += 9 + Number(bytes.readBigUInt64LE(offset + 1));
  return offset;
}

describe("a damaged database", () => {
  it("lacks only the messages of the damaged page, which are counted", async () => {
    const many = samples(600);
    writeDb3(at("pages.db3"), many, 4);
    const bytes = await readFile(at("pages.db3"));
    const database = new sqlite.Database(at("pages.db3"), { readOnly: true });
    const pageSize = Number(database.get("PRAGMA page_size")!.page_size);
    database.close();
    // A leaf of the table that holds some messages in the middle.
    const place = bytes.indexOf(Buffer.from(many[300]!.data));
    bytes.fill(0xff, place - (place % pageSize), place - (place % pageSize) + 8);
    await writeFile(at("pages.db3"), bytes);
    const read = await readOf("pages.db3");
    assertRead(read);
    const lost = lostOf(read);
    expect(lost).toBeGreaterThan(0);
    expect(lost).toBeLessThan(pageSize / 100);
    expect(read.found.length + lost).toBe(many.length);
    const known = new Set(many.map(keyOf));
    expect(read.found.every((sample) => known.has(keyOf(sample)))).toBe(true);
    expect(read.problems[0]).toMatch(/^pages\.db3: 1 damaged part skipped \(0\.\d+ s of 5\.99 s, the first at /);
  });

  it("that was cut off is read as far as it goes", async () => {
    const many = samples(600);
    writeDb3(at("cut.db3"), many, 4);
    const bytes = await readFile(at("cut.db3"));
    await writeFile(at("cut.db3"), bytes.subarray(0, bytes.length >> 1));
    const read = await readOf("cut.db3");
    assertRead(read);
    expect(read.found.length).toBeGreaterThan(100);
    expect(read.found.length).toBeLessThan(many.length);
    expect(read.problems[0]).toBe(`cut.db3: cut off: ${bytes.length - (bytes.length >> 1)} bytes are missing`);
  });

  it.each([
    ["small messages", samples(600), false],
    [
      "images of several pages",
      samples(60).map((sample, i) =>
        i % 3 === 0
          ? { ...sample, data: Uint8Array.from({ length: 6000 + 97 * i }, (_, k) => 1 + ((k + i) % 250)) }
          : sample,
      ),
      true,
    ],
  ])("that was cut off anywhere gives no message that was not recorded: %s", async (_, many, isCounted) => {
    const bytes = await db3(many);
    const known = new Set(many.map(keyOf));
    const seconds = Number(many.at(-1)!.logTime - many[0]!.logTime) / 1e9;
    const [first, step] = [7 * 4096, Math.floor(bytes.length / 70)];
    for (let cut = first; cut < bytes.length; cut += step) {
      // At the end of a page, and within one.
      for (const size of [cut - (cut % 4096), cut]) {
        await writeFile(at("cut.db3"), bytes.subarray(0, size));
        const read = await readOf("cut.db3");
        const where = `cut to ${size} of ${bytes.length}`;
        assertRead(read);
        expect(read.found.filter((sample) => !known.has(keyOf(sample))).length, where).toBe(0);
        // The images' gaps lie before the last row of all, which tells how many there were.
        if (isCounted) expect(read.found.length + lostOf(read), where).toBe(many.length);
        expect(read.found.length + lostOf(read), where).toBeLessThanOrEqual(many.length);
        expect(read.problems[0], where).toBe(`cut.db3: cut off: ${bytes.length - size} bytes are missing`);
        for (const line of read.problems) {
          expect(line, where).not.toContain("lost: 0");
          const [, lost, all, place] =
            /([-\d.]+) s of ([-\d.]+) s, the first at ([-\d.]+) s/.exec(line)?.map(Number) ?? [];
          if (lost === undefined) continue;
          expect(place, where).toBeGreaterThanOrEqual(0);
          expect(place! + lost, where).toBeLessThanOrEqual(all! + 0.011);
          expect(all, where).toBeLessThanOrEqual(seconds + 0.006);
        }
      }
    }
  });

  it("that was cut off within a page is told so where its header does not count the pages", async () => {
    const data = Uint8Array.from({ length: 9000 }, (_, k) => 1 + (k % 250));
    const many = samples(60).map((sample, i) => (i % 3 === 0 ? { ...sample, data } : sample));
    const bytes = Buffer.from(await db3(many));
    // The change that the number of pages belongs to is another one.
    bytes.writeUInt32BE(bytes.readUInt32BE(24) + 1, 92);
    const known = new Set(many.map(keyOf));
    for (let cut = bytes.length - 4000; cut > bytes.length / 2; cut -= 4096) {
      await writeFile(at("cut.db3"), bytes.subarray(0, cut));
      const read = await readOf("cut.db3");
      assertRead(read);
      expect(read.found.filter((sample) => !known.has(keyOf(sample))).length, `cut to ${cut}`).toBe(0);
      expect(read.found.length + lostOf(read), `cut to ${cut}`).toBe(many.length);
      expect(read.problems[0]).toBe("cut.db3: cut off: 4000 bytes are missing");
    }
  });

  it("that was cut off in the definition of a type still has its messages and the other definitions", async () => {
    writeDb3(at("definition.db3"), messages, 4);
    const database = new sqlite.Database(at("definition.db3"));
    const long = `# ${"about this type ".repeat(600)}\nstring data`;
    database.run("UPDATE message_definitions SET encoded_message_definition = ? WHERE id = 2", [long]);
    database.close();
    const bytes = await readFile(at("definition.db3"));
    await writeFile(at("definition.db3"), bytes.subarray(0, bytes.length - 4096));
    const bag = await openBag(at("definition.db3"));
    expect((await readAll(bag)).map(keyOf)).toEqual(messages.map(keyOf));
    expect(bag.topics.map(({ schema }) => schema !== undefined)).toEqual([true, false]);
    await bag.close();
  });

  it("tells the place of what is lost before its first message that can be read", async () => {
    const many = samples(600);
    const bytes = Buffer.from(await db3(many));
    const place = bytes.indexOf(Buffer.from(many[0]!.data));
    bytes.fill(0xff, place - (place % 4096), place - (place % 4096) + 8);
    await writeFile(at("first.db3"), bytes);
    const read = await readOf("first.db3");
    assertRead(read);
    const lost = lostOf(read);
    expect(read.found).toEqual(many.slice(lost));
    expect(read.problems).toEqual([
      `first.db3: 1 damaged part skipped (${((lost - 1) / 100).toFixed(2)} s of 5.99 s, the first at 0.00 s: ` +
        `its pages are damaged); lost: ${lost} messages of unknown topics`,
    ]);
  });

  it("lacks a message whose compression is damaged, and tells its topic", async () => {
    const all = packed();
    all[5] = { ...all[5]!, data: all[5]!.data.subarray(0, 12) };
    writeDb3(at("message.db3"), all, 4);
    const read = await readOf("message.db3");
    assertRead(read);
    expect(read.found).toEqual(messages.filter((_, i) => i !== 5));
    expect(Object.fromEntries(read.losses.messages)).toEqual({ [all[5].topic]: 1 });
    expect(read.problems).toEqual([
      expect.stringMatching(
        /^message\.db3: 1 message of \/joint_states could not be read \(the first at 0\.05 s: zstd: /,
      ),
    ]);
  });
});

describe("a folder", () => {
  it.each(["", "\n", "\0".repeat(500)])("whose metadata.yaml is empty or zeros is its files: %j", async (text) => {
    await mkdir(at("run"), { recursive: true });
    await writeMcap(at("run/run_0.mcap"), messages);
    await writeFile(at("run/metadata.yaml"), text);
    expect(await readOf("run")).toMatchObject({ found: messages, problems: [] });
  });

  it("leaves out a file that is no bag, and tells it", async () => {
    await mkdir(at("split"), { recursive: true });
    await writeMcap(at("split/split_0.mcap"), messages);
    await writeFile(at("split/split_1.mcap"), "");
    const read = await readOf("split");
    expect(read).toMatchObject({ found: messages });
    assertRead(read);
    expect(read.problems).toEqual([
      "left out split/split_1.mcap: an empty file, expected a bag (.mcap, .db3 or a rosbag2 folder)",
    ]);
  });
});
