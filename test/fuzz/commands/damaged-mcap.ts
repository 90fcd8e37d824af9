import { writeFileSync } from "node:fs";
import { McapWriter, TempBuffer } from "@mcap/core";
import { openBag } from "#src/bag/open-bag.js";
import { messageType } from "#src/messages/definitions.js";
import { readAll, type Sample } from "../../bag/recordings.js";
import type { Choices } from "../choices.js";

/** Log times that no robot writes, nanoseconds. */
const TIMES = [0n, 1n, 2n ** 63n, 2n ** 63n - 1n, 2n ** 64n - 1n];
const TEXTS = ["", "zork", "/", "//", "a b", "constructor", "json", "cdr", "cdr2", "ros1msg", "protobuf", "string"];
const SCHEMAS = ["", "zork", "string", "zork zork", "float64[] x\nzork/Zork y", "string name\nuint8 name", "float64 1"];

/** Writes a recording again, sound as a file, with something wrong in its messages, times, names or schemas. */
export async function damagedMcap(path: string, c: Choices): Promise<string> {
  const bag = await openBag(path);
  const samples = await readAll(bag);
  await bag.close();
  const topics = [...new Set(samples.map(({ topic }) => topic))];
  const [topic, how, text] = [c.pick(topics), c.below(6), c.pick(TEXTS)];
  const [schema, time] = [c.pick(SCHEMAS), c.pick(TIMES)];
  const changed = samples.map((sample) =>
    sample.topic === topic && (how === 0 || (how === 1 && c.flag())) ? { ...sample, data: damaged(sample, c) } : sample,
  );
  const buffer = new TempBuffer();
  const writer = new McapWriter({ writable: buffer });
  await writer.start({ profile: "ros2", library: "a test" });
  const channels = new Map<string, number>();
  for (const [sequence, sample] of changed.entries()) {
    const hit = sample.topic === topic;
    let channelId = channels.get(sample.topic);
    if (channelId === undefined) {
      const schemaId = await writer.registerSchema({
        name: hit && how === 2 ? text : sample.type,
        encoding: hit && how === 3 ? text : "ros2msg",
        data: Buffer.from(hit && how === 4 ? schema : messageType(sample.type).schema),
      });
      channelId = await writer.registerChannel({
        schemaId,
        topic: hit && how === 5 ? text : sample.topic,
        messageEncoding: hit && how === 3 ? text : "cdr",
        metadata: new Map(),
      });
      channels.set(sample.topic, channelId);
    }
    const logTime = hit && how === 1 ? time : sample.logTime;
    await writer.addMessage({ channelId, sequence, logTime, publishTime: logTime, data: sample.data });
  }
  await writer.end();
  writeFileSync(path, buffer.get());
  return "";
}

const NUMBERS = [Number.NaN, Number.POSITIVE_INFINITY, 1e300, -1];

function damaged({ data }: Sample, c: Choices): Uint8Array {
  const copy = Buffer.from(data);
  const how = c.below(4);
  const at = c.below(Math.min(copy.length, 4096));
  if (how === 0) return copy.subarray(0, at);
  if (how === 1) copy[at] = c.below(256);
  if (how === 2 && copy.length > 20)
    copy.writeUInt32LE(c.pick([0, 1, 2 ** 31, 2 ** 32 - 1]), Math.min(at & ~3, copy.length - 4));
  if (how === 3 && copy.length > 20) copy.writeDoubleLE(c.pick(NUMBERS), Math.min((at & ~7) + 4, copy.length - 8));
  return copy;
}
