import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, open, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import sqlite from "node-sqlite3-wasm";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { readExplanations } from "#src/analysis/read-explanations.js";
import { decoderOf } from "#src/bag/decode.js";
import { openBag } from "#src/bag/open-bag.js";
import { encoderOf } from "#src/messages/cdr.js";
import type { CompressedImageMessage, ImageMessage } from "#src/messages/types.js";
import { readAll, type Sample, writeMcap } from "../../bag/recordings.js";
import { ontoFullDisk, refusal, torquelens } from "../run.js";
import { parsed, summaryOf, type Tick } from "../simulation.js";

let folder: string;
/** The ticks as `sim --json` printed them. */
let simulated: readonly Tick[];
const at = (name: string): string => join(folder, name);
const policy = fileURLToPath(new URL("../../../models/reacher.onnx", import.meta.url));
const replay = (...argv: string[]) => torquelens("replay", at("run.mcap"), "--policy", policy, ...argv);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-replay-cli-"));
  const argv = ["--policy", policy, "--no-live", "--speed", "0", "--ticks", "30", "--json", "--record", at("run.mcap")];
  const { code, stdout } = await torquelens("sim", ...argv);
  expect(code).toBe(0);
  simulated = parsed(stdout).ticks;
});
afterAll(() => rm(folder, { recursive: true }));

/** Copies the recording's joint states and images, with the images changed. */
async function changed(
  name: string,
  type: "Image" | "CompressedImage",
  change: (image: ImageMessage, i: number) => ImageMessage | CompressedImageMessage | Uint8Array,
): Promise<string> {
  const bag = await openBag(at("run.mcap"));
  const encode = encoderOf(`sensor_msgs/msg/${type}`);
  const samples: Sample[] = [];
  let i = 0;
  for await (const { topic, logTime, data } of bag.read({ topics: new Set(["/joint_states", "/camera/image"]) })) {
    if (topic.name === "/joint_states") samples.push({ topic: topic.name, type: topic.type, logTime, data });
    else {
      const message = change(decoderOf(topic, bag.path)(data) as ImageMessage, i++);
      const bytes = message instanceof Uint8Array ? message : encode(message);
      samples.push({ topic: topic.name, type: `sensor_msgs/msg/${type}`, logTime, data: bytes });
    }
  }
  await bag.close();
  await writeMcap(at(name), samples);
  return at(name);
}

describe("torquelens replay", () => {
  it("writes a rosbag2 folder whose metadata tell what is in it", async () => {
    const { code, stdout, stderr } = await replay("-o", at("out"), "--json");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(summaryOf(stdout)).toMatchObject({
      output: at("out"),
      explained: 30,
      images: 30,
      unmatched: 0,
      mixed: 0,
      episodes: 1,
    });
    expect(await readdir(at("out"))).toEqual(["metadata.yaml", "out_0.mcap"]);
    const { rosbag2_bagfile_information: facts } = parse(await readFile(at("out/metadata.yaml"), "utf8"));
    const bag = await openBag(at("out"));
    await bag.close();
    expect(facts).toMatchObject({
      version: 8,
      storage_identifier: "mcap",
      message_count: bag.messages,
      relative_file_paths: ["out_0.mcap"],
      starting_time: { nanoseconds_since_epoch: Number(bag.start) },
      duration: { nanoseconds: Number(bag.end - bag.start) },
    });
    const listed = facts.topics_with_message_count.map(
      (entry: { topic_metadata: Record<string, string>; message_count: number }) => [
        entry.topic_metadata.name,
        entry.topic_metadata.type,
        entry.message_count,
        entry.topic_metadata.offered_qos_profiles,
      ],
    );
    const held = bag.topics.map(({ name, type, messages, metadata }) => [
      name,
      type,
      messages,
      metadata.get("offered_qos_profiles"),
    ]);
    expect(listed.sort()).toEqual(held.sort());
    expect(await replay("-o", at("out"))).toMatchObject(
      refusal(`${at("out")}: already exists, expected the name of a new folder or a name ending in .mcap or .db3`),
    );
  });

  it("writes a database with the messages of the MCAP file, and its facts as rosbag2's metadata", async () => {
    const few = ["--end", "0.5"];
    expect(await replay("-o", at("few.mcap"), ...few)).toMatchObject({ code: 0 });
    expect(await replay("-o", at("few.db3"), ...few)).toMatchObject({ code: 0, stderr: "" });
    const contents = async (name: string) => {
      const bag = await openBag(at(name));
      const messages = await readAll(bag);
      await bag.close();
      const topics = bag.topics.filter((topic) => topic.messages > 0).sort((a, b) => (a.name < b.name ? -1 : 1));
      return { topics, messages, problems: bag.problems };
    };
    const written = await contents("few.db3");
    expect(written.messages.filter(({ topic }) => topic === "/torquelens/explanation")).toHaveLength(11);
    expect(written).toEqual(await contents("few.mcap"));
    const database = new sqlite.Database(at("few.db3"), { readOnly: true });
    const [row] = database.all("SELECT metadata FROM metadata") as { metadata: string }[];
    database.close();
    const facts = parse(row!.metadata);
    expect(facts).toMatchObject({
      version: 8,
      storage_identifier: "sqlite3",
      relative_file_paths: ["few.db3"],
      message_count: written.messages.length,
    });
    expect(JSON.parse(facts.custom_data.torquelens)).toMatchObject({ joints: "shoulder,elbow" });
    expect(Object.keys(facts.custom_data)).toEqual(["torquelens", "torquelens.policy", "torquelens.replay"]);
    expect((await readdir(folder)).filter((name) => name.startsWith("few"))).toEqual(["few.db3", "few.mcap"]);
    // A second run replaces it, as it does an MCAP file.
    expect(await replay("-o", at("few.db3"), "--end", "0.2")).toMatchObject({ code: 0 });
    expect((await contents("few.db3")).messages.length).toBeLessThan(written.messages.length);
  });

  it("makes a database of what an earlier run left", async () => {
    const run = ["-o", at("left.db3"), "--end", "0.5"];
    expect(await replay(...run)).toMatchObject({ code: 0 });
    const whole = await readFile(at("left.db3"));
    await rm(at("left.db3"));
    expect(await replay("-o", at("left.mcap"), "--end", "0.5")).toMatchObject({ code: 0 });
    await mkdir(at("left.db3.part"));
    const bytes = await readFile(at("left.mcap"));
    await writeFile(at("left.db3.part/left.db3_0.mcap.part"), bytes.subarray(0, Math.floor(0.6 * bytes.length)));
    expect(await replay(...run)).toMatchObject({ code: 0, stderr: expect.stringMatching(/^resum/) });
    expect(whole.equals(await readFile(at("left.db3")))).toBe(true);
    expect((await readdir(folder)).filter((name) => name.startsWith("left"))).toEqual(["left.db3", "left.mcap"]);
  });

  it("writes a folder of any name that ends with a slash", async () => {
    expect(await replay("-o", at("take.v2/"), "--end", "0.2")).toMatchObject({ code: 0 });
    expect(await readdir(at("take.v2"))).toEqual(["metadata.yaml", "take.v2_0.mcap"]);
  });

  it.each<[string, string, string[], string]>([
    ["a ROS 1 bag", "no.bag", [], "no.bag: ROS 1 bags are not written, expected a name ending in .mcap or .db3, or"],
    ["an archive", "no.mcap.zip", [], "no.mcap.zip: archives are not written, expected a name ending in .mcap"],
    ["an ending in capitals", "no.DB3", [], "no.DB3: bags do not end in .DB3, expected a name ending in .mcap or .db3"],
    ["a compressed database", "no.db3", ["--compression", "zstd"], "--compression zstd: a .db3 is written as it is"],
  ])("refuses to write %s", async (_, name, options, reason) => {
    const { code, stderr } = await replay("-o", at(name), ...options);
    expect(code).toBe(2);
    expect(stderr).toContain(reason);
    expect((await readdir(folder)).filter((found) => found.startsWith("no"))).toEqual([]);
  });

  it("prints a tick as sim --json does, also one that an earlier run explained, and the summary last", async () => {
    const first = await replay("-o", at("lines.mcap"), "--json");
    expect(first).toMatchObject({ code: 0, stderr: "" });
    const { ticks, summary } = parsed(first.stdout);
    expect(summary).toMatchObject({ explained: 30, output: at("lines.mcap") });
    expect(ticks.map((tick) => Object.keys(tick))).toEqual(simulated.map((tick) => Object.keys(tick)));
    const told = ({ tick, time, stamp_ns, torque, joints }: Tick) => ({ tick, time, stamp_ns, torque, joints });
    expect(ticks.map(told)).toEqual(simulated.map(told));
    expect(ticks[29]).toMatchObject({ tick: 29, time: 1.45, stamp_ns: "1450000000", latency_ms: null });
    for (const [i, { shares }] of ticks.entries())
      for (const [modality, share] of Object.entries(shares))
        expect(share).toBeCloseTo(simulated[i]!.shares[modality]!, 3);

    const whole = await readFile(at("lines.mcap"));
    await writeFile(at("rest.mcap.part"), whole.subarray(0, Math.floor(0.6 * whole.length)));
    const resumed = await replay("-o", at("rest.mcap"), "--json");
    expect(resumed).toMatchObject({ code: 0, stderr: expect.stringMatching(/^resumed: /) });
    expect(resumed.stdout.split("\n").slice(0, 30)).toEqual(first.stdout.split("\n").slice(0, 30));
  });

  it("explains one joint rather than the others, also where an earlier run stopped", async () => {
    const contrast = ["--contrast", "elbow", "--json"];
    const first = await replay("-o", at("elbow.mcap"), ...contrast);
    expect(first).toMatchObject({ code: 0, stderr: "" });
    const { ticks } = parsed(first.stdout);
    expect(new Set(ticks.map((tick) => (tick as { contrast?: string }).contrast))).toEqual(new Set(["elbow"]));
    const found = new Set<string | undefined>();
    for await (const { explanation } of readExplanations(at("elbow.mcap"), {}))
      found.add(`${explanation!.method} ${explanation!.contrast_joint} ${explanation!.heatmap_joint}.`);
    expect([...found]).toEqual(["lrp-gamma:soft-argmax=gradient elbow ."]);
    const whole = await readFile(at("elbow.mcap"));
    await writeFile(at("half.mcap.part"), whole.subarray(0, Math.floor(0.6 * whole.length)));
    const other = await replay("-o", at("half.mcap"), "--contrast", "shoulder", "--json");
    expect(other).toMatchObject({ code: 0, stderr: "" });
    await writeFile(at("again.mcap.part"), whole.subarray(0, Math.floor(0.6 * whole.length)));
    const resumed = await replay("-o", at("again.mcap"), ...contrast);
    expect(resumed.stderr).toMatch(/^resumed: /);
    expect(resumed.stdout.split("\n").slice(0, 30)).toEqual(first.stdout.split("\n").slice(0, 30));
    const refused = await replay("-o", at("no.mcap"), "--contrast", "elbow", "--method", "rap");
    expect([refused.code, refused.stderr]).toEqual([
      2,
      expect.stringMatching(/^torquelens: contrast of elbow: method rap does not tell outputs apart; [^\n]*\n$/),
    ]);
  }, 120_000);

  it("times a part from its first explanation", async () => {
    const { stdout } = await replay("-o", at("late.mcap"), "--start", "0.5", "--end", "0.6", "--json");
    const { ticks } = parsed(stdout);
    expect(ticks.map(({ time, stamp_ns }) => [time, stamp_ns])).toEqual([
      [0, "500000000"],
      [0.05, "550000000"],
      [0.1, "600000000"],
    ]);
  });

  it.runIf(process.platform !== "win32")("goes on in silence when the reader has seen enough", async () => {
    const node = `"${process.execPath}" "${fileURLToPath(new URL("../../../bin/torquelens.js", import.meta.url))}"`;
    const command = `${node} replay "${at("run.mcap")}" --policy "${policy}" -o "${at("head.mcap")}" --json`;
    const shell = spawn("bash", ["-c", `set -o pipefail; ${command} | head -n 1`]);
    const [stdout, stderr, [code]] = await Promise.all([text(shell.stdout), text(shell.stderr), once(shell, "close")]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(
      stdout
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line).tick),
    ).toEqual([0]);
    const bag = await openBag(at("head.mcap"));
    await bag.close();
    expect(bag.topics.find(({ name }) => name === "/torquelens/explanation")?.messages).toBe(30);
  });

  it("explains a part, and copies what is asked for", async () => {
    const part = ["--start", "0.5", "--end", "1", "--every", "2", "--copy", "/tf,/joint_states"];
    const { code, stdout } = await replay("-o", at("part.mcap"), ...part);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^explained 6 of 11 images in 1 episode, [\d.]+ per second; 5 left out by --every\nwritten {3}.*part.mcap\n$/,
    );
    const bag = await openBag(at("part.mcap"));
    await bag.close();
    const foreign = bag.topics.filter(({ name }) => !name.startsWith("/torquelens/"));
    expect(foreign.map(({ name, messages }) => [name, messages])).toEqual([
      ["/joint_states", 11],
      ["/tf", 11],
    ]);
  });

  it("packs the output as the recording is, or as it is told", async () => {
    const packed = async (path: string) => {
      const bag = await openBag(path);
      await bag.close();
      return bag.isPacked;
    };
    const few = ["--end", "0.2"];
    expect(await replay("-o", at("as.mcap"), ...few)).toMatchObject({ code: 0 });
    expect(await replay("-o", at("plain.mcap"), ...few, "--compression", "none")).toMatchObject({ code: 0 });
    expect(await torquelens("replay", at("plain.mcap"), "--policy", policy, "-o", at("again.mcap"))).toMatchObject({
      code: 0,
    });
    const names = ["run.mcap", "as.mcap", "plain.mcap", "again.mcap"];
    expect(await Promise.all(names.map((name) => packed(at(name))))).toEqual([true, true, false, false]);
  });

  it.each<[string, string[], string]>([
    [
      "an empty topic to copy",
      ["--copy", ","],
      "--copy ,: found an empty name, expected all, none or some of /joint_states",
    ],
    [
      "a topic to copy that is none",
      ["--copy", "/x"],
      "--copy /x: no topic /x, expected all, none or some of /joint_states",
    ],
    ["a start after the end of the recording", ["--start", "100"], "--start 100: the recording is 1.450 s long"],
    ["an end before the start", ["--start", "1", "--end", "0.5"], "--end 0.5: expected 1 (--start) or more"],
    ["values of nothing", ["--value", "goal=1,2"], "values: unknown modality goal, expected one of none"],
    ["values that are none", ["--value", "goal=1,,2"], '--value goal=1,,2: found "", expected a number or a topic'],
    [
      "a camera that is none",
      ["--image", "/tf"],
      "run.mcap: no images on /tf, which is of tf2_msgs/msg/TFMessage, expected one of /camera/image",
    ],
  ])("refuses %s and writes nothing", async (_, options, reason) => {
    const { code, stderr } = await replay("-o", at("no.mcap"), ...options);
    expect(code).toBe(2);
    expect(stderr).toContain(reason);
    expect((await readdir(folder)).filter((name) => name.startsWith("no."))).toEqual([]);
  });

  it("skips damaged chunks, and counts every image: explained, without match or damaged", async () => {
    const bytes = await readFile(at("run.mcap"));
    for (const part of [0.3, 0.6]) bytes[Math.floor(bytes.length * part)]! ^= 0x20;
    await writeFile(at("damaged.mcap"), bytes);
    const argv = [at("damaged.mcap"), "--policy", policy, "--json", "-o", at("rest.mcap")];
    const { code, stdout, stderr } = await torquelens("replay", ...argv);
    expect(code).toBe(0);
    const { explained, images, unmatched, damaged, lost } = summaryOf(stdout);
    expect(images).toBe(30);
    expect(damaged).toBeGreaterThan(0);
    expect(explained + unmatched + damaged).toBe(30);
    expect(lost).toMatchObject({ parts: 2, messages: { "/camera/image": damaged } });
    expect(stderr).toMatch(
      /warning: \S+damaged\.mcap: 2 damaged chunks skipped \(\d\.\d\d s of 1\.45 s, the first at 0\.\d\d s: [^)]+\); lost: /,
    );
  });

  it("counts images that it drops, by reason, in JSON and text", async () => {
    const stampedAs = (before: ImageMessage, image: ImageMessage) => ({ ...image, header: before.header });
    let before: ImageMessage | undefined;
    const path = await changed("faults.mcap", "Image", (image, i) => {
      const last = before ?? image;
      before = image;
      if ([3, 10, 17].includes(i)) return { ...image, encoding: "foo" };
      if ([5, 12].includes(i)) return { ...image, width: 0, height: 0, step: 0, data: new Uint8Array(0) };
      if ([7, 8, 21, 22].includes(i)) return { ...image, data: image.data.slice(5) };
      if (i === 25) return stampedAs(last, image);
      return i === 27 ? new Uint8Array(9) : image;
    });
    const argv = [path, "--policy", policy, "-o"];
    const { code, stdout } = await torquelens("replay", ...argv, at("counted.mcap"), "--json");
    expect(code).toBe(0);
    expect(summaryOf(stdout)).toMatchObject({
      explained: 19,
      images: 30,
      unmatched: 0,
      damaged: 5,
      dropped: { encoding: 3, size: 2, out_of_order: 1 },
      skipped: 0,
      failed: 0,
    });
    const text = await torquelens("replay", ...argv, at("every.mcap"), "--every", "2");
    expect(text.stdout).toMatch(
      /^explained 10 of 30 images in 1 episode, [\d.]+ per second; 5 damaged in the recording; 3 of an unfit encoding; 2 of an unfit size; 1 out of order; 9 left out by --every\n/,
    );
  });

  it("counts images that cannot be decoded, and those around one stamped far ahead", async () => {
    const jpeg = await sharp({ create: { width: 96, height: 96, channels: 3, background: "red" } })
      .jpeg()
      .toBuffer();
    const path = await changed("jpegs.mcap", "CompressedImage", ({ header }, i) => ({
      header: i === 20 ? { ...header, stamp: { ...header.stamp, sec: header.stamp.sec + 1000 } } : header,
      format: "jpeg",
      data: i === 4 || i === 9 ? jpeg.subarray(0, 30) : jpeg,
    }));
    const argv = [path, "--policy", policy, "--json", "-o", at("decoded.mcap")];
    const { code, stdout } = await torquelens("replay", ...argv);
    expect(code).toBe(0);
    const { explained, images, unmatched, damaged, dropped } = summaryOf(stdout);
    expect({ images, damaged, dropped }).toEqual({ images: 30, damaged: 2, dropped: { out_of_order: 1 } });
    expect(explained + unmatched).toBe(27);
  });

  it("removes all that killed runs of the same command left, and nothing else", async () => {
    expect(await replay("-o", at("first.mcap"))).toMatchObject({ code: 0 });
    const whole = await readFile(at("first.mcap"));
    const recording = await readFile(at("run.mcap"));
    await writeFile(at("next.mcap.part"), whole.subarray(0, Math.floor(whole.length / 2)));
    await writeFile(at("next.mcap.part2"), whole.subarray(0, Math.floor(whole.length / 3)));
    await writeFile(at("next.mcap.part3"), "");
    await writeFile(at("next.mcap.part4"), recording);
    await writeFile(at("next.mcap.part5"), whole.subarray(0, Math.floor(whole.length / 2)));
    // Another run of the same command goes on.
    const running = await open(at("next.mcap.part5"), "a");
    const { code, stderr } = await replay("-o", at("next.mcap"));
    await running.close();
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: `resumed: the explanations in ${at("next.mcap.part")} are used again\n`,
    });
    expect(await readFile(at("next.mcap"))).toEqual(whole);
    const left = (await readdir(folder)).filter((name) => name.startsWith("next"));
    const foreign = process.platform === "linux" ? ["next.mcap.part4", "next.mcap.part5"] : ["next.mcap.part4"];
    expect(left.sort()).toEqual(["next.mcap", ...foreign]);
  });

  it.runIf(process.platform === "linux").each([[[]], [["--json"]]])(
    "tells that its summary could not be written, and keeps the explanations: %j",
    async (form) => {
      const argv = ["replay", at("run.mcap"), "--policy", policy, "-o", at("told.mcap"), ...form];
      expect(await ontoFullDisk(...argv)).toMatchObject(
        refusal("standard output: cannot write it (no space left on the device), expected room for it"),
      );
      const bag = await openBag(at("told.mcap"));
      expect(bag.topics.map(({ name }) => name)).toContain("/torquelens/explanation");
      await bag.close();
      await rm(at("told.mcap"));
    },
  );

  it("leaves no file if no image could be explained, and says why", async () => {
    const { code, stderr } = await replay("-o", at("no.mcap"), "--end", "0.01", "--start", "0.005");
    expect(code).toBe(2);
    expect(stderr).toContain("run.mcap: no image could be explained");
    expect((await readdir(folder)).filter((name) => name.startsWith("no."))).toEqual([]);
  });
});
