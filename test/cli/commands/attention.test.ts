import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import sharp from "sharp";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stringify } from "yaml";
import { readMessages } from "#src/bag/read-messages.js";
import { nanoseconds } from "#src/messages/stamp.js";
import type { ExplanationMessage, ImageMessage } from "#src/messages/types.js";
import { attentiveCard, attentiveReacher } from "../../policy/attentive.js";
import { attentivePolicy } from "../../train/ppo/world-policy.js";
import { inOwnProcess, torquelens } from "../run.js";

let folder: string;
const at = (name: string): string => join(folder, name);
const arm = fileURLToPath(new URL("../../../models/reacher.xml", import.meta.url));
const TICKS = 6;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-attention-"));
  await writeFile(at("world.onnx"), attentivePolicy().bytes);
  await writeFile(at("reacher.onnx"), attentiveReacher());
  await writeFile(at("reacher.yaml"), stringify({ ...attentiveCard(), arm: { file: arm, site: "ee" } }));
  const argv = ["sim", "--no-live", "--speed", "0", "--ticks", String(TICKS)];
  const world = ["--task", "red-fetch-green", "--policy", at("world.onnx"), "--record", at("world.mcap")];
  const reacher = ["--task", "reacher", "--policy", at("reacher.onnx"), "--record", at("reacher.mcap")];
  for (const { code, stderr } of await Promise.all([world, reacher].map((more) => torquelens(...argv, ...more))))
    expect([code, stderr]).toEqual([0, expect.not.stringContaining("torquelens: ")]);
});
afterAll(() => rm(folder, { recursive: true }));

/** Messages of a topic of a recording, by stamp. */
async function messagesOf<T extends ImageMessage | ExplanationMessage>(path: string, name: string) {
  const found = new Map<bigint, T>();
  const topics = new Set<string>();
  const choose = (bag: Parameters<Parameters<typeof readMessages>[1]>[0]) => {
    for (const topic of bag.topics) topics.add(topic.name);
    return { decoded: bag.topics.filter((topic) => topic.name === name) };
  };
  for await (const { message } of readMessages(path, choose))
    found.set(nanoseconds((message as T).header.stamp), structuredClone(message) as T);
  return { found, topics };
}

test("a recording has the attention of every tick, one map a query", async () => {
  const world = await messagesOf<ImageMessage>(at("world.mcap"), "/torquelens/attention/mono16");
  expect([...world.topics].filter((name) => name.includes("attention")).sort()).toEqual([
    "/torquelens/attention/compressed",
    "/torquelens/attention/mono16",
  ]);
  expect(world.found.size).toBe(TICKS);
  for (const image of world.found.values()) expect([image.width, image.height]).toEqual([64, 64]);
  const reacher = await messagesOf<ImageMessage>(at("reacher.mcap"), "/torquelens/attention/mono16");
  expect(reacher.found.size).toBe(TICKS);
  for (const image of reacher.found.values()) expect([image.width, image.height]).toEqual([80, 128]);
  const { found } = await messagesOf<ExplanationMessage>(at("reacher.mcap"), "/torquelens/explanation");
  for (const { attention_queries, attention_peak } of found.values()) {
    expect(attention_queries).toEqual(["tip", "target"]);
    expect(attention_peak).toHaveLength(2);
  }
});

test("a replay of the recording gives the same attention", async () => {
  const { code } = await torquelens(
    "replay",
    at("reacher.mcap"),
    "--policy",
    at("reacher.onnx"),
    "-o",
    at("again.mcap"),
  );
  expect(code).toBe(0);
  for (const name of ["/torquelens/attention/mono16", "/torquelens/attention/compressed"]) {
    const [once, again] = await Promise.all(["reacher.mcap", "again.mcap"].map((path) => messagesOf(at(path), name)));
    expect(again!.found).toEqual(once!.found);
  }
});

test("explain writes a picture for each query", async () => {
  const pixels = Uint8Array.from({ length: 80 * 64 * 3 }, (_, i) => (i * 31) % 256);
  await sharp(pixels, { raw: { width: 80, height: 64, channels: 3 } })
    .png()
    .toFile(at("camera.png"));
  const state = { joint_position: [0, 0], joint_velocity: [0, 0], end_effector_position: [0, 0, 0] };
  await writeFile(at("state.json"), JSON.stringify({ ...state, end_effector_velocity: [0, 0, 0] }));
  const argv = ["--image", at("camera.png"), "--state", at("state.json"), "--out", at("out")];
  const { code, stdout, stderr } = await torquelens("explain", at("reacher.onnx"), ...argv);
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/^ {2}attention +image: tip, target$/m);
  const written = (await readdir(at("out"))).filter((name) => name.includes("attention")).sort();
  expect(written).toEqual(["image-attention-1.png", "image-attention-2.png"]);
  const [tip, target] = await Promise.all(
    written.map((name) =>
      sharp(join(at("out"), name))
        .raw()
        .toBuffer(),
    ),
  );
  expect(tip).toHaveLength(80 * 64 * 3);
  expect(tip).not.toEqual(target);
  // No pixel is brighter than the camera's, and none is below a fifth of it.
  for (const [i, value] of tip!.entries()) {
    expect(value).toBeLessThanOrEqual(pixels[i]!);
    expect(value).toBeGreaterThanOrEqual(Math.floor(pixels[i]! / 5));
  }
});

test("inspect tells which attention a policy has", async () => {
  const { stdout } = await torquelens("inspect", at("reacher.onnx"));
  expect(stdout).toMatch(/^ {2}attention +looks: 2 maps \(tip, target\) of 10×8 places on image$/m);
  expect((await torquelens("inspect", at("world.onnx"))).stdout).toMatch(
    /^ {2}attention +attention: 1 map of 4×4 places on image$/m,
  );
});

test("video writes the recording's attention, and refuses what makes no sense in one line", async () => {
  const argv = ["video", at("reacher.mcap"), "--what", "attention"];
  const { code, stdout, stderr } = await inOwnProcess(...argv, "--query", "tip", "--width", "120", "-o", at("tip.gif"));
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toBe(`wrote ${at("tip.gif")}: ${TICKS} pictures of 120×96, 0.30 s\n`);
  const found = await sharp(at("tip.gif"), { animated: true }).metadata();
  expect(found).toMatchObject({ width: 120, pageHeight: 96, pages: TICKS });
  const json = await torquelens(...argv, "-o", at("both.png"), "--json", "--from", "0.1");
  expect(JSON.parse(json.stdout)).toMatchObject({ pictures: TICKS - 2, width: 160, height: 64, damaged: 0 });
  const refused = async (...more: string[]) => {
    const run = await torquelens(...argv, ...more);
    expect([run.code, run.stderr.trim().split("\n").length]).toEqual([2, 1]);
    return run.stderr;
  };
  expect(await refused("-o", at("x.avi"))).toContain("expected a name ending in .gif, .webp, .png, .mp4 or .webm");
  expect(await refused("-o", at("x.gif"), "--joint", "elbow")).toContain("expected --what heatmap");
  expect(await refused("-o", at("x.gif"), "--query", "sky")).toContain("expected one of tip, target");
  expect(await refused("-o", at("x.gif"), "--from", "2", "--to", "1")).toContain(
    "--to 1: expected more than --from, 2",
  );
  expect((await readdir(folder)).filter((name) => name.startsWith("x."))).toEqual([]);
});
