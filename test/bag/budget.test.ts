import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import zstd from "@foxglove/wasm-zstd";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { openMcap } from "#src/bag/mcap-bag.js";
import { openBag } from "#src/bag/open-bag.js";
import { tooLarge } from "#src/bag/too-large.js";
import { unpacked, unpackFile } from "#src/bag/zstd.js";
import { mostUnpacked } from "#src/bag/zstd-frame.js";
import { mcapOf, readAll, samples, writeDb3 } from "./recordings.js";

// What is declared here is large; what is unpacked is not.

let folder: string;
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-budget-"));
  await zstd.isLoaded;
});
afterAll(() => rm(folder, { recursive: true }));

/** A zstd frame of zeros in blocks of one repeated byte; `declared` is the size in its head, where it has one. */
function zeros(count: number, declared?: number, window = 0x58): Uint8Array {
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(declared ?? 0));
  const head = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, declared === undefined ? 0 : 0xc0, window]);
  const blocks: Buffer[] = [];
  for (let left = count; left > 0; left -= 1 << 17) {
    const block = (Math.min(left, 1 << 17) << 3) | 2 | Number(left <= 1 << 17);
    blocks.push(Buffer.from([block & 255, (block >> 8) & 255, block >> 16, 0]));
  }
  return Buffer.concat([head, ...(declared === undefined ? [] : [size]), ...blocks]);
}

/** An MCAP of one chunk that says that it unpacks to `size` bytes. */
function chunkOf(compression: string, packed: Uint8Array, size: number): Uint8Array {
  const word = (value: number) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigUInt64LE(BigInt(value));
    return bytes;
  };
  const text = (value: string) => Buffer.concat([word(value.length).subarray(0, 4), Buffer.from(value)]);
  const record = (opcode: number, ...parts: Uint8Array[]) => {
    const content = Buffer.concat(parts);
    return Buffer.concat([Buffer.from([opcode]), word(content.length), content]);
  };
  const magic = Buffer.from("\x89MCAP0\r\n", "latin1");
  const checksum = Buffer.alloc(4);
  const chunk = record(6, word(1), word(2), word(size), checksum, text(compression), word(packed.length), packed);
  const ends = [record(15, Buffer.alloc(4)), record(2, Buffer.alloc(20)), magic];
  return Buffer.concat([magic, record(1, text("ros2"), text("a test")), chunk, ...ends]);
}

describe("the most that packed data can unpack to", () => {
  it.each<[string, () => Uint8Array, number]>([
    ["what its head says", () => zeros(10, 20e9), 20e9],
    ["the sum of its blocks", () => zeros(300_000), 300_000],
    ["two frames", () => Buffer.concat([zeros(10), zeros(20, 30)]), 40],
    ["what zstd wrote", () => zstd.compress(new Uint8Array(5000).fill(7), 3), 5000],
    ["a frame that holds no content", () => Buffer.from("5a2a4d1802000000ffff", "hex"), 0],
  ])("is %s", (_, bytes, most) => {
    expect(mostUnpacked(bytes())).toBe(most);
  });

  it("is that of any data that zstd packed", () => {
    for (const size of [0, 1, 255, 256, 65_791, 70_000, 1_000_000]) {
      const data = Uint8Array.from({ length: size }, (_, i) => (i * i) >> 3);
      expect(mostUnpacked(zstd.compress(data, 1))).toBe(size);
      if (size > 0) expect(unpacked(zstd.compress(data, 1))).toEqual(data);
    }
  });

  it("is not told of damaged data", () => {
    const whole = zeros(300_000);
    for (let length = 4; length < whole.length; length++)
      expect(() => mostUnpacked(whole.subarray(0, length))).toThrow(/damaged/);
  });
});

describe("what is too large to be unpacked", () => {
  it("follows from its packed size between 64 and 256 MB", () => {
    expect(tooLarge("chunk", 10, 64e6, 256e6)).toBeUndefined();
    expect(tooLarge("chunk", 1e6, 100e6, 256e6)).toBeUndefined();
    expect(tooLarge("message", 1e6, 101e6, 256e6)).toBe(
      "it unpacks to 101 MB; the limit is 100 MB, for a message of 1 MB",
    );
    expect(tooLarge("chunk", 100e6, 257e6, 256e6)).toBe("it unpacks to 257 MB; the limit is 256 MB a chunk");
  });
});

describe("a message", () => {
  it("of more than the limit is lost, and the limit named", async () => {
    const bombs = samples(3).map((message, i) => (i === 1 ? { ...message, data: zeros(10, 20e9) } : message));
    writeDb3(at("messages.db3"), bombs, 3);
    await writeFile(at("messages.mcap"), await mcapOf(bombs));
    for (const name of ["messages.db3", "messages.mcap"]) {
      const bag = await openBag(at(name));
      expect(await readAll(bag)).toHaveLength(2);
      expect(bag.problems).toEqual([
        expect.stringMatching(/1 message of \/joint_states .*it unpacks to 20 GB; the limit is 256 MB a message\)$/),
      ]);
      await bag.close();
    }
  });

  it("that does not say its size is counted by its blocks", () => {
    expect(unpacked(zeros(1000), 1000)).toEqual(new Uint8Array(1000));
    expect(() => unpacked(zeros(1001), 1000)).toThrow("it unpacks to 1 kB; the limit is 1 kB a message");
    expect(() => unpacked(zeros(300_000), 1000)).toThrow("it unpacks to 300 kB; the limit is 1 kB a message");
  });

  it("that unpacks to more than it says is damaged", () => {
    expect(() => unpacked(zeros(300_000, 1000))).toThrow("Error during decompression");
  });
});

describe("a chunk", () => {
  it.each(["zstd", "lz4", "bz2"])("of more than the limit in %s is refused, and the limit named", async (name) => {
    await writeFile(at("chunk.mcap"), chunkOf(name, zeros(10), 20e9));
    const bag = await openBag(at("chunk.mcap"));
    expect([bag.messages, bag.losses.parts]).toEqual([0, 1]);
    expect(bag.problems[0]).toMatch(/it unpacks to 20 GB; the limit is 256 MB a chunk\)$/);
    await bag.close();
  });

  it.each(["zstd", "lz4", "bz2"])(
    "that is small unpacks to 64 MB in %s at most, to spare memory for many",
    async (name) => {
      await writeFile(at("chunk.mcap"), chunkOf(name, zeros(10), 64.1e6));
      const bag = await openBag(at("chunk.mcap"));
      expect(bag.problems[0]).toMatch(/it unpacks to 64\.1 MB; the limit is 64 MB, for a chunk of 0\.01 kB\)$/);
      await bag.close();
    },
  );

  it("that unpacks to more than it says is damaged", async () => {
    await writeFile(at("chunk.mcap"), chunkOf("zstd", zeros(300_000), 1000));
    const bag = await openBag(at("chunk.mcap"));
    expect(bag.problems[0]).toMatch(/zstd: Error during decompression\)$/);
    await bag.close();
  });

  it("that overlaps others in time is unpacked again where all together are too large", async () => {
    // Three publishers' chunks, one after the other in the file, of the same times.
    const times = samples(60);
    const mixed = times.map((message, i) => ({ ...message, logTime: times[(i % 20) * 3]!.logTime }));
    await writeFile(at("overlap.mcap"), await mcapOf(mixed, { compression: "zstd", chunkSize: 1500 }));
    const read = async (held?: number) => {
      const bag = await openMcap(at("overlap.mcap"), held);
      const found = await readAll(bag);
      expect(bag.problems).toEqual([]);
      await bag.close();
      return found;
    };
    const whole = await read();
    expect(whole).toHaveLength(60);
    expect(await read(2000)).toEqual(whole);
    expect(await read(0)).toEqual(whole);
  });
});

describe("a packed file", () => {
  const unpack = async (bytes: Uint8Array, least?: number) => {
    await writeFile(at("packed.zst"), bytes);
    await rm(at("out"), { force: true });
    return unpackFile(at("packed.zst"), at("out"), least).catch((error: Error) => error.message.replace(folder, ""));
  };
  const HINT = "(unpack it first: unzstd";

  it.each<[string, Uint8Array, number | undefined, string]>([
    [
      "that says so",
      zeros(10, 20e9),
      undefined,
      "unpacks to 20 GB or more; the limit is 256 MB, for a file of this size",
    ],
    [
      "that does not say",
      zeros(300_000),
      200_000,
      "unpacks to 262 kB or more; the limit is 200 kB, for a file of this size",
    ],
    ["by its own size", zeros(300_000), 0, "unpacks to 131 kB or more; the limit is 1.8 kB, 100 times its size"],
    [
      "with a large window",
      zeros(10, undefined, 0xa8),
      undefined,
      "packed with a window of 2.15 GB; the limit is 134 MB",
    ],
  ])("is refused for more than the limit: one %s", async (_, bytes, least, message) => {
    expect(await unpack(bytes, least)).toMatch(`/packed.zst: ${message} ${HINT}`);
  });

  it("below the limit is unpacked, and a refused one leaves nothing behind", async () => {
    expect(await unpack(zeros(300_000), 300_000)).toBeUndefined();
    await writeFile(at("bomb.mcap.zst"), zeros(10, 20e9));
    await mkdir(at("temporary"));
    vi.stubEnv("TMPDIR", at("temporary"));
    await expect(openBag(at("bomb.mcap.zst"))).rejects.toThrow("the limit is 256 MB");
    vi.unstubAllEnvs();
    expect(await readdir(at("temporary"))).toEqual([]);
  });
});
