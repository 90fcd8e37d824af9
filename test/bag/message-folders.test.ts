import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { decoderOf } from "#src/bag/decode.js";
import { MessageFolders } from "#src/bag/message-folders.js";
import { openBag, openBags } from "#src/bag/open-bag.js";
import { encoderOf } from "#src/messages/cdr.js";
import { type Sample, writeDb3 } from "./recordings.js";

let folder: string;
const at = (name: string): string => join(folder, name);

/** x = 1.5, then the text "hi", as CDR. */
const GRIP = Uint8Array.from(Buffer.from("00010000000000000000f83f0300000068690000", "hex"));
const sample = (topic: string, type: string, data: Uint8Array): Sample => ({ topic, type, logTime: 5n, data });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-msg-"));
  await mkdir(at("ws/src/hand_msgs/msg"), { recursive: true });
  await writeFile(at("ws/src/hand_msgs/msg/Grip.msg"), "Force force\nstd_msgs/String name\n");
  await writeFile(at("ws/src/hand_msgs/msg/Force.msg"), "float64 x # N\n");
  await writeFile(at("ws/src/hand_msgs/msg/Lost.msg"), "nowhere_msgs/Thing thing\n");
  await mkdir(at("flat/std_msgs"), { recursive: true });
  await writeFile(at("flat/std_msgs/String.msg"), "float64 nothing_of_the_sort\n");
  const text = encoderOf("std_msgs/msg/String")({ data: "as ever" });
  writeDb3(
    at("old.db3"),
    [sample("/grip", "hand_msgs/msg/Grip", GRIP), sample("/text", "std_msgs/msg/String", text)],
    2,
  );
});
afterAll(() => rm(folder, { recursive: true }));

async function messages(paths: readonly string[], bag = "old.db3"): Promise<Record<string, unknown>> {
  const opened = await openBag(at(bag), await MessageFolders.read(paths.map(at)));
  const found: Record<string, unknown> = {};
  for await (const { topic, data } of opened.read()) {
    expect(opened.topics).toContain(topic);
    found[topic.name] = decoderOf(topic, bag)(data);
  }
  await opened.close();
  return found;
}

it("a recording without definitions is read by those of a folder, wherever in it they stand", async () => {
  const grip = { force: { x: 1.5 }, name: { data: "hi" } };
  for (const path of ["ws", "ws/src", "ws/src/hand_msgs", "ws/src/hand_msgs/msg"])
    expect(await messages([path])).toEqual({ "/grip": grip, "/text": { data: "as ever" } });
});

it("the common definitions are not replaced", async () => {
  expect(await messages(["flat", "ws"])).toMatchObject({ "/text": { data: "as ever" } });
});

it("several bags side by side are defined alike", async () => {
  const bag = await openBags([at("old.db3"), at("old.db3")], await MessageFolders.read([at("ws")]));
  expect(bag.topics.find(({ name }) => name === "/grip")!.schema?.encoding).toBe("ros2msg");
  await bag.close();
});

it.each([
  [["nowhere"], /nowhere: cannot read the folder \(no such folder\) \(--msg-path\)/],
  [["ws", "empty"], /empty: no \.msg files in it/],
])("%j is refused", async (paths, reason) => {
  await mkdir(at("empty"), { recursive: true });
  await expect(messages(paths)).rejects.toThrow(reason);
});

it("a definition that lacks one of its parts is refused by name", async () => {
  writeDb3(at("lost.db3"), [sample("/lost", "hand_msgs/msg/Lost", GRIP)], 2);
  await expect(messages(["ws"], "lost.db3")).rejects.toThrow(/\/lost: hand_msgs\/msg\/Lost from .*nowhere_msgs\/Thing/);
});
