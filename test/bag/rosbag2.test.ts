import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { decoderOf } from "#src/bag/decode.js";
import { openBag } from "#src/bag/open-bag.js";
import { readAll } from "./recordings.js";

/** Recordings that rosbag2 made, with what it says of them: see test/data/bags/README.md. */
const folder = fileURLToPath(new URL("../data/bags", import.meta.url));
const BAGS = ["mcap", "sqlite3"].flatMap((storage) =>
  readdirSync(`${folder}/${storage}`).map((n) => `${storage}/${n}`),
);

interface Facts {
  readonly starting_time: { readonly nanoseconds_since_epoch: bigint };
  readonly duration: { readonly nanoseconds: bigint };
  readonly message_count: bigint;
  readonly topics_with_message_count: readonly {
    readonly topic_metadata: { readonly name: string; readonly type: string };
    readonly message_count: bigint;
  }[];
}

/** An early recorder left out what kind of interface it is. */
const typeOf = ({ type }: { readonly type: string }) => type.replace(/^(\w+)\/(\w+)$/, "$1/msg/$2");

describe.each(BAGS)("%s", (name) => {
  const { rosbag2_bagfile_information: facts } = parse(readFileSync(`${folder}/${name}/metadata.yaml`, "utf8"), {
    intAsBigInt: true,
  }) as { rosbag2_bagfile_information: Facts };

  it("holds what its recorder says", async () => {
    const bag = await openBag(`${folder}/${name}`);
    const recorded = facts.topics_with_message_count
      .filter(({ message_count }) => message_count > 0n)
      .map(({ topic_metadata: topic, message_count }) => [topic.name, typeOf(topic), Number(message_count)]);
    const found = bag.topics.filter(({ messages }) => messages > 0).map((t) => [t.name, t.type, t.messages]);
    expect(found.sort()).toEqual(recorded.sort());
    expect(bag.problems).toEqual([]);
    const messages = await readAll(bag);
    expect([bag.messages, messages.length]).toEqual(Array(2).fill(Number(facts.message_count)));
    const times = messages.map(({ logTime }) => logTime);
    expect(times).toEqual(times.toSorted((a, b) => Number(a - b)));
    if (messages.length > 0) {
      const start = facts.starting_time.nanoseconds_since_epoch;
      expect([bag.start, bag.end]).toEqual([start, start + facts.duration.nanoseconds]);
      expect([times[0], times.at(-1)]).toEqual([bag.start, bag.end]);
    }
    for (const topic of bag.topics) {
      if (!topic.schema || topic.type.includes("_Event")) continue;
      const decode = decoderOf(topic, name);
      for (const { data } of messages.filter((message) => message.topic === topic.name)) decode(data);
    }
    await bag.close();
  });
});

it("the same topics recorded by both storage plugins have messages of the same sizes", async () => {
  const sizes = async (path: string) => {
    const bag = await openBag(`${folder}/${path}`);
    const all = await readAll(bag);
    await bag.close();
    return all.map(({ topic, data }) => `${topic} ${data.length}`).sort();
  };
  expect(await sizes("mcap/cdr_test")).toEqual(await sizes("sqlite3/cdr_test"));
});
