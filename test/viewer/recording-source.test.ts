import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { McapTypes } from "@mcap/core";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { RecordingSource } from "../../viewer/src/source/recording-source.js";
import { samples, writeMcap } from "../bag/recordings.js";

let folder: string;
let bytes: Uint8Array;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-source-"));
  const path = join(folder, "run.mcap");
  const empty = Uint8Array.of(0, 1, 0, 0, 1, 0, 0, 0, 0);
  const texts = samples(200).map((sample, i) => ({
    ...sample,
    topic: i % 2 === 0 ? "/text" : "/other",
    type: "std_msgs/msg/String",
    data: empty,
  }));
  await writeMcap(path, texts);
  bytes = await readFile(path);
});
afterAll(() => rm(folder, { recursive: true }));

/** The recording, and the number of times that something was read from it. */
function counted() {
  let reads = 0;
  const readable: McapTypes.IReadable = {
    size: async () => BigInt(bytes.length),
    read: async (offset, size) => {
      reads++;
      await new Promise((resolve) => setTimeout(resolve, 1));
      return bytes.slice(Number(offset), Number(offset + size));
    },
  };
  return { readable, reads: () => reads };
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 60));

test("a recording that is closed while it is read is read no further, and nothing fails", async () => {
  const { readable, reads } = counted();
  const source = await RecordingSource.open(readable, "run.mcap");
  source.want("/text", true);
  let before = 0;
  const taken = vi.fn(() => {
    source.close();
    before = reads();
  });
  await source.scan("/text", taken, new AbortController().signal);
  await pause();
  expect(taken).toHaveBeenCalledTimes(1);
  expect(reads()).toBe(before);
  expect(source.condition.value).toEqual({ state: "open", text: "recording" });
});

test("a panel that lets go of its topics after that reads nothing either", async () => {
  const { readable, reads } = counted();
  const source = await RecordingSource.open(readable, "run.mcap");
  for (const topic of ["/other", "/text"]) source.want(topic, true);
  await pause();
  source.close();
  const before = reads();
  source.want("/text", false);
  source.seek(source.end);
  source.play();
  await pause();
  expect(reads()).toBe(before);
});
