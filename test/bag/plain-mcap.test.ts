import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import zstd from "@foxglove/wasm-zstd";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openBag } from "#src/bag/open-bag.js";
import { plainMcap, writePlainMcap } from "#src/bag/plain-mcap.js";
import { mcapOf, readAll, samples, writeDb3, writeMcap } from "./recordings.js";

let folder: string;
const at = (name: string): string => join(folder, name);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-plain-"));
  await zstd.isLoaded;
});
afterEach(() => rm(folder, { recursive: true }));

const packed = () => samples(9).map((sample) => ({ ...sample, data: zstd.compress(sample.data, 1) }));

describe("plainMcap", () => {
  it.each([[{}], [{ compression: "zstd" as const }], [{ compression: "lz4" as const }]])(
    "takes a file with an index as it is: %j",
    async (form) => {
      await writeMcap(at("run.mcap"), samples(30), form);
      expect(await plainMcap(at("run.mcap"))).toBe(at("run.mcap"));
    },
  );

  it("takes the only file of a folder, and none of several", async () => {
    await mkdir(at("bag"));
    await writeMcap(at("bag/bag_0.mcap"), samples(30));
    expect(await plainMcap(at("bag"))).toBe(at("bag/bag_0.mcap"));
    await writeMcap(at("bag/bag_1.mcap"), samples(30, 1_800_000_000_000_000_000n));
    expect(await plainMcap(at("bag"))).toBeUndefined();
  });

  it("takes no file without an index, with compressed messages, of another kind, or compressed as a whole", async () => {
    const whole = await mcapOf(samples(30));
    await writeFile(at("cut.mcap"), whole.subarray(0, whole.length / 2));
    await writeMcap(at("unchunked.mcap"), samples(30), { useChunks: false });
    await writeMcap(at("packed.mcap"), packed());
    await writeFile(at("run.mcap.zstd"), zstd.compress(whole, 1));
    writeDb3(at("run.db3"), samples(30), 4);
    for (const name of ["cut.mcap", "unchunked.mcap", "packed.mcap", "run.mcap.zstd", "run.db3"])
      expect(await plainMcap(at(name)), name).toBeUndefined();
  });
});

describe("writePlainMcap", () => {
  const write = async (path: string, signal = new AbortController().signal) => {
    const bag = await openBag(path);
    const seen: bigint[] = [];
    await writePlainMcap(bag, at("out.mcap"), { progress: (logTime) => seen.push(logTime), signal });
    const before = await readAll(bag);
    await bag.close();
    return { before, seen };
  };

  it("writes every message of a recording, unpacked, to a file that is plain", async () => {
    await writeMcap(at("packed.mcap"), packed());
    writeDb3(at("run.db3"), samples(30), 4);
    for (const [name, expected] of [
      ["packed.mcap", samples(9)],
      ["run.db3", samples(30)],
    ] as const) {
      const { before, seen } = await write(at(name));
      expect(seen).toEqual(expected.map(({ logTime }) => logTime));
      expect(await plainMcap(at("out.mcap"))).toBe(at("out.mcap"));
      const bag = await openBag(at("out.mcap"));
      const after = await readAll(bag);
      await bag.close();
      expect(after).toEqual(before);
      expect(after.map(({ data }) => Buffer.from(data).toString("hex"))).toEqual(
        expected.map(({ data }) => Buffer.from(data).toString("hex")),
      );
    }
  });

  it("leaves nothing where it is stopped", async () => {
    await writeMcap(at("run.mcap"), samples(30));
    await write(at("run.mcap"), AbortSignal.abort());
    expect(await readdir(folder)).toEqual(["run.mcap"]);
  });
});
