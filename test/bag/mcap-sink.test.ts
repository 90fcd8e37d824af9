import { fork } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, open, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { McapIndexedReader } from "@mcap/core";
import { FileHandleReadable } from "@mcap/nodejs";
import { loadDecompressHandlers } from "@mcap/support";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { scanMcap } from "#src/bag/mcap-scan.js";
import { McapSink } from "#src/bag/mcap-sink.js";
import { recoverRecording } from "#src/bag/recover.js";
import { InputError } from "#src/errors.js";
import { ChannelEncoder } from "#src/messages/channel-encoder.js";
import type { ExplanationMessage, ImageMessage } from "#src/messages/types.js";
import { decode } from "../messages/decode.js";
import { sampleExplanation } from "../messages/sample.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-bag-"));
});
afterEach(() => rm(folder, { recursive: true }));

const encoder = () => new ChannelEncoder({ robotDescription: "<robot/>" });

async function record(path: string, ticks: number, metadata = {}): Promise<void> {
  const sink = await McapSink.create(path, { encoder: encoder(), metadata });
  for (let tick = 0; tick < ticks; tick++) await sink.write(sampleExplanation(tick));
  await sink.close();
}

/** What the index of a closed file says, and every message decoded by the schema in the file. */
async function readIndexed(path: string) {
  const file = await open(path);
  try {
    const reader = await McapIndexedReader.Initialize({
      readable: new FileHandleReadable(file),
      decompressHandlers: await loadDecompressHandlers(),
    });
    const messages: { topic: string; logTime: bigint; sequence: number; value: unknown }[] = [];
    for await (const { channelId, logTime, sequence, data } of reader.readMessages()) {
      const channel = reader.channelsById.get(channelId)!;
      const value = decode(reader.schemasById.get(channel.schemaId)!.data, data);
      messages.push({ topic: channel.topic, logTime, sequence, value });
    }
    const metadata = [];
    for await (const entry of reader.readMetadata()) metadata.push(entry);
    return { reader, messages, metadata };
  } finally {
    await file.close();
  }
}

/** Kind and content of every whole record, in a line each. */
async function wholeRecords(path: string): Promise<string[]> {
  const lines: string[] = [];
  for await (const entry of scanMcap(path)) {
    if (["Chunk", "Damaged", "Statistics", "Footer", "End"].includes(entry.type)) continue;
    const data = "data" in entry ? createHash("sha256").update(entry.data).digest("hex") : "";
    const sequence = entry.type === "Message" ? `${entry.channelId} ${entry.sequence}` : "";
    lines.push(`${entry.type} ${sequence} ${data}`);
    // The summary repeats schemas and channels.
    if (entry.type === "DataEnd") break;
  }
  return lines;
}

describe("McapSink", () => {
  it("writes every channel so that an indexed reader and another decoder read it back", async () => {
    const path = join(folder, "out.mcap");
    await record(path, 12);
    expect(await readdir(folder)).toEqual(["out.mcap"]);
    const { reader, messages } = await readIndexed(path);
    expect(reader.header.profile).toBe("ros2");
    expect(reader.header.library).toMatch(/^torquelens \d/);
    const counts = Object.fromEntries(
      [...reader.channelsById.values()].map(({ id, topic }) => [
        topic,
        reader.statistics!.channelMessageCounts.get(id),
      ]),
    );
    expect(counts).toEqual({
      "/torquelens/explanation": 12n,
      "/torquelens/ratios": 12n,
      "/joint_states": 12n,
      "/tf": 12n,
      "/camera/image": 12n,
      "/torquelens/heatmap/mono16": 12n,
      "/torquelens/overlay/compressed": 12n,
      "/robot_description": 1n,
    });
    expect(messages).toHaveLength(7 * 12 + 1);
    expect(messages[0]).toMatchObject({ topic: "/robot_description", value: { data: "<robot/>" } });
    const explanations = messages.filter(({ topic }) => topic === "/torquelens/explanation");
    for (const [tick, { logTime, sequence, value }] of explanations.entries()) {
      expect(logTime).toBe(sampleExplanation(tick).observation.stamp);
      expect(sequence).toBe(tick);
      expect((value as ExplanationMessage).tick).toBe(BigInt(tick));
    }
    const image = messages.filter(({ topic }) => topic === "/camera/image")[7]!.value as ImageMessage;
    expect(Buffer.compare(image.data, sampleExplanation(7).observation.images.image!.data)).toBe(0);
  });

  it("describes channels as rosbag2 does", async () => {
    const path = join(folder, "out.mcap");
    await record(path, 1);
    const { reader } = await readIndexed(path);
    const channels = new Map([...reader.channelsById.values()].map((channel) => [channel.topic, channel]));
    const image = channels.get("/camera/image")!;
    expect(image.messageEncoding).toBe("cdr");
    expect(reader.schemasById.get(image.schemaId)).toMatchObject({
      name: "sensor_msgs/msg/Image",
      encoding: "ros2msg",
    });
    expect(image.metadata.get("topic_type_hash")).toBe(
      "RIHS01_d31d41a9a4c4bc8eae9be757b0beed306564f7526c88ea6a4588fb9582527d47",
    );
    const infinite = { sec: 9223372036, nsec: 854775807 };
    const qos = {
      history: 1,
      depth: 1,
      reliability: 1,
      durability: 2,
      deadline: infinite,
      lifespan: infinite,
      liveliness: 1,
      liveliness_lease_duration: infinite,
      avoid_ros_namespace_conventions: false,
    };
    expect(parse(image.metadata.get("offered_qos_profiles")!)).toEqual([qos]);
    const latched = parse(channels.get("/robot_description")!.metadata.get("offered_qos_profiles")!);
    expect(latched).toEqual([{ ...qos, durability: 1 }]);
  });

  it("keeps method, convention and what the caller gives as metadata records", async () => {
    const path = join(folder, "out.mcap");
    await record(path, 1, { "torquelens.policy": { card: "name: reacher\n" } });
    const { metadata } = await readIndexed(path);
    const records = Object.fromEntries(metadata.map((entry) => [entry.name, Object.fromEntries(entry.metadata)]));
    expect(records.torquelens).toMatchObject({
      method: "dtd",
      policy_sha256: "ab".repeat(32),
      feature_points: "policy",
      "reference.image": "range",
      "reference.end_effector_position": "mean",
    });
    expect(records["torquelens.policy"]).toEqual({ card: "name: reacher\n" });
  });

  it("leaves nothing under the final name before it is closed, and is closed once", async () => {
    const path = join(folder, "out.mcap");
    const sink = await McapSink.create(path, { encoder: encoder() });
    await sink.write(sampleExplanation(0));
    expect(await readdir(folder)).toEqual(["out.mcap.part"]);
    await sink.close();
    await sink.close();
    expect(await readdir(folder)).toEqual(["out.mcap"]);
  });

  it("leaves nothing where no tick came, and an older recording alone", async () => {
    const path = join(folder, "out.mcap");
    await record(path, 0);
    expect(await readdir(folder)).toEqual([]);
    await writeFile(path, "old");
    await record(path, 0);
    expect(await readdir(folder)).toEqual(["out.mcap"]);
    expect(await readFile(path, "utf8")).toBe("old");
  });

  it("replaces an older recording and follows a link to it", async () => {
    const [path, link] = [join(folder, "out.mcap"), join(folder, "latest.mcap")];
    await writeFile(path, "old");
    await symlink("out.mcap", link);
    await record(link, 1);
    expect((await readIndexed(path)).messages).toHaveLength(8);
    expect((await readFile(link)).equals(await readFile(path))).toBe(true);
  });

  it("never overwrites what a killed run left behind", async () => {
    const path = join(folder, "out.mcap");
    await writeFile(`${path}.part`, "precious");
    const sink = await McapSink.create(path, { encoder: encoder() });
    expect(sink.partPath).toBe(`${path}.part2`);
    await sink.close();
    expect(await readFile(`${path}.part`, "utf8")).toBe("precious");
  });

  it("keeps the unfinished name after a failed write", async () => {
    const path = join(folder, "out.mcap");
    const sink = await McapSink.create(path, { encoder: encoder() });
    await sink.write(sampleExplanation(0));
    const bad = sampleExplanation(1);
    const image = { ...bad.observation.images.image!, height: 1 };
    const broken = { ...bad, observation: { ...bad.observation, images: { image } } };
    await expect(sink.write(broken)).rejects.toThrow("36864 bytes");
    await sink.close();
    expect(await readdir(folder)).toEqual(["out.mcap.part"]);
  });

  it.each<[string, (path: string) => string, string]>([
    ["a folder that does not exist", (path) => join(path, "no", "out.mcap"), "no such directory"],
    ["a folder as a file", (path) => path, "not a regular file"],
    ["a device", () => "/dev/null", "not a regular file"],
  ])("refuses %s", async (_, name, reason) => {
    const path = name(folder);
    const creating = McapSink.create(path, { encoder: encoder() });
    await expect(creating).rejects.toThrow(InputError);
    await expect(creating).rejects.toThrow(`${path}: `);
    await expect(creating).rejects.toThrow(reason);
    expect(await readdir(folder)).toEqual([]);
  });
});

describe("a recording that was cut off", () => {
  it("by SIGKILL keeps its whole messages, which become a closed file", async () => {
    const path = join(folder, "out.mcap");
    const child = fork(new URL("endless-recorder.mjs", import.meta.url), [path], { serialization: "advanced" });
    child.send(sampleExplanation(0));
    let told = 0;
    await new Promise<void>((resolve) => {
      child.on("message", (tick) => {
        told = Number(tick);
        if (told === 30) resolve();
      });
    });
    child.kill("SIGKILL");
    expect((await once(child, "exit"))[1]).toBe("SIGKILL");
    expect(await readdir(folder)).toEqual(["out.mcap.part"]);

    const output = join(folder, "recovered.mcap");
    const saved = await recoverRecording(`${path}.part`, output);
    const { messages, metadata } = await readIndexed(output);
    expect(messages).toHaveLength(saved);
    expect(metadata.map(({ name }) => name)).toEqual(["torquelens"]);
    const ticks = messages.filter(({ topic }) => topic === "/torquelens/explanation");
    expect(ticks.map(({ value }) => Number((value as ExplanationMessage).tick))).toEqual(
      Array.from({ length: ticks.length }, (_, tick) => tick),
    );
    // Lost at most: one chunk of 256 KiB and a message; a tick holds more than 60 KiB.
    expect(ticks.length).toBeGreaterThanOrEqual(30 - 5);
  });

  it("anywhere yields the whole messages before the cut, and DataEnd only where it was closed", async () => {
    const path = join(folder, "out.mcap");
    await record(path, 40);
    const bytes = await readFile(path);
    const all = await wholeRecords(path);
    expect(all.at(-1)).toContain("DataEnd");
    const cut = join(folder, "cut.mcap");
    let before = 0;
    for (const part of [0.05, 0.3, 0.6, 0.9]) {
      await writeFile(cut, bytes.subarray(0, Math.floor(bytes.length * part)));
      const records = await wholeRecords(cut);
      expect(records).toEqual(all.slice(0, records.length));
      expect(records.length).toBeGreaterThanOrEqual(before);
      before = records.length;
    }
    expect(before).toBeGreaterThan(30);
    expect(before).toBeLessThan(all.length);
  });

  it("and damaged loses the damaged stretch, and nothing after it", async () => {
    const path = join(folder, "out.mcap");
    await record(path, 20);
    const all = await wholeRecords(path);
    const bytes = await readFile(path);
    bytes.fill(0, Math.floor(bytes.length * 0.6), Math.floor(bytes.length * 0.6) + 200);
    await writeFile(path, bytes);
    const records = await wholeRecords(path);
    const lost = all.length - records.length;
    const first = all.findIndex((line, i) => line !== records[i]);
    expect(lost).toBeGreaterThan(0);
    expect(first).toBeGreaterThan(0);
    expect(records).toEqual([...all.slice(0, first), ...all.slice(first + lost)]);
    expect(records.at(-1)).toContain("DataEnd");
  });

  it.each<[string, string | undefined, string]>([
    ["is missing", undefined, "cannot read the bag (no such file)"],
    ["is empty", "", "not an MCAP file"],
    ["is something else", "PNG and more of that kind", "not an MCAP file"],
  ])("%s: says so", async (_, content, error) => {
    const path = join(folder, "in.mcap");
    if (content !== undefined) await writeFile(path, content);
    await expect(wholeRecords(path)).rejects.toThrow(InputError);
    await expect(wholeRecords(path)).rejects.toThrow(`${path}: ${error}`);
    await expect(recoverRecording(path, join(folder, "out.mcap"))).rejects.toThrow(error);
    expect(await readdir(folder)).not.toContain("out.mcap.part");
  });
});
