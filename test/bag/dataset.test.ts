import { chmod, cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Bag } from "#src/bag/bag.js";
import { decoderOf } from "#src/bag/decode.js";
import { openBag } from "#src/bag/open-bag.js";
import type {
  CompressedImageMessage,
  Float64MultiArrayMessage,
  ImageMessage,
  JointStateMessage,
} from "#src/messages/types.js";

const data = (version: string) => fileURLToPath(new URL(`../data/lerobot/${version}`, import.meta.url));

let folder: string;
const path = process.env.PATH;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-dataset-"));
});
beforeEach(() => {
  process.env.PATH = path;
});
afterAll(async () => {
  process.env.PATH = path;
  await rm(folder, { recursive: true });
});

/** A program named ffmpeg that gives frames of 8×8 pixels: red the file's episode, green the frame's number. */
async function ffmpeg(body = ""): Promise<void> {
  const bin = await mkdtemp(join(folder, "bin-"));
  const program = `#!${process.execPath}
const args = process.argv.slice(2);
const of = (name) => args[args.indexOf(name) + 1];
const episode = Number(require("node:fs").readFileSync(of("-i"), "utf8").match(/\\d+/)[0]);
${body}
for (let k = 0; k < Number(of("-frames:v")); k++)
  process.stdout.write(Buffer.from(Array.from({ length: 192 }, (_, i) => [episode, k, 9][i % 3])));
`;
  await writeFile(join(bin, "ffmpeg"), program);
  await chmod(join(bin, "ffmpeg"), 0o755);
  process.env.PATH = `${bin}:${path}`;
}

async function messagesOf<T>(bag: Bag, name: string): Promise<{ readonly at: bigint; readonly message: T }[]> {
  const topic = bag.topics.find((one) => one.name === name)!;
  const decode = decoderOf(topic, bag.path);
  const found: { at: bigint; message: T }[] = [];
  for await (const { logTime, data: bytes } of bag.read({ topics: new Set([name]) }))
    found.push({ at: logTime, message: decode(bytes) as T });
  expect(found.length).toBe(topic.messages);
  return found;
}

const rounded = (values: Iterable<number>) => Array.from(values, (value) => Number(value.toFixed(4)));

test.each(["v2.1", "v3.0"])(
  "version %s: states, actions and outcomes of two episodes, ten seconds apart",
  async (version) => {
    const bag = await openBag(data(version));
    const states = await messagesOf<JointStateMessage>(bag, "/joint_states");
    expect(states.map(({ message }) => message.name)[0]).toEqual(["shoulder", "elbow", "gripper"]);
    expect(states.map(({ message }) => rounded(message.position))).toEqual(
      [5, 4].flatMap((length, episode) =>
        Array.from({ length }, (_, k) => rounded([0.1 * k, episode - 0.5, 0.02 * k])),
      ),
    );
    const actions = await messagesOf<Float64MultiArrayMessage>(bag, "/action");
    expect(rounded(actions[6]!.message.data)).toEqual([0.15, 0.5, 0.03]);
    expect(actions[6]!.message.layout.dim[0]!.label).toBe("shoulder,elbow,gripper");
    const seconds = states.map(({ at }) => Number(at - bag.start) / 1e9);
    expect(seconds).toEqual([0, 0.1, 0.2, 0.3, 0.4, 10.5, 10.6, 10.7, 10.8]);
    expect(states.at(-1)!.at).toBe(bag.end);
    const outcomes = await messagesOf<{ data: string }>(bag, "/outcome");
    expect(outcomes.map(({ at, message }) => [Number(at - bag.start) / 1e9, message.data])).toEqual([
      [0.4, '{"success":false}'],
      [10.8, '{"success":true}'],
    ]);
  },
);

test("pictures among the data are passed on as they are; one episode alone; a part of the time", async () => {
  const bag = await openBag(`${data("v3.0")}@1`);
  const images = await messagesOf<CompressedImageMessage>(bag, "/observation/images/top/compressed");
  expect(images.map(({ message }) => [message.format, message.data[0]])).toEqual(Array(4).fill(["png", 0x89]));
  const some: bigint[] = [];
  for await (const { logTime } of bag.read({
    topics: new Set(["/action"]),
    start: bag.start + 100_000_000n,
    end: bag.end - 1n,
  }))
    some.push(logTime - bag.start);
  expect(some).toEqual([100_000_000n, 200_000_000n]);
  await expect(openBag(`${data("v3.0")}@7`)).rejects.toThrow("no such episode, expected some of 0 to 1");
});

test("videos are read by ffmpeg; without it, and where it fails, one line", async () => {
  await ffmpeg();
  const bag = await openBag(data("v2.1"));
  const images = await messagesOf<ImageMessage>(bag, "/observation/images/top");
  expect(images.map(({ message }) => [message.encoding, message.width, ...message.data.slice(0, 3)])).toEqual(
    [5, 4].flatMap((length, episode) => Array.from({ length }, (_, k) => ["rgb8", 8, episode, k, 9])),
  );
  const video = join(data("v2.1"), "videos/chunk-000/observation.images.top/episode_000000.mp4");
  await ffmpeg(`process.stderr.write("no decoder for av1\\n"); process.exit(3);`);
  await expect(messagesOf(bag, "/observation/images/top")).rejects.toThrow(
    `${video}: ffmpeg ended with 3: no decoder for av1`,
  );
  await ffmpeg(`process.stdout.write(Buffer.alloc(192)); process.exit(0);`);
  await expect(messagesOf(bag, "/observation/images/top")).rejects.toThrow(
    `${video}: 1 frames of 8×8 and 0 bytes from 0.00 s on, expected 5 frames`,
  );
  process.env.PATH = folder;
  await expect(messagesOf(bag, "/observation/images/top")).rejects.toThrow(
    `${video}: its images are a video, which takes the program ffmpeg: it is not on PATH`,
  );
});

test("refused in one line: data that is missing, outside of the folder or cut short, and an old version", async () => {
  const copy = join(folder, "copy");
  await cp(data("v3.0"), copy, { recursive: true });
  const file = join(copy, "data", "chunk-000", "file-000.parquet");
  const bytes = await readFile(file);
  const read = async () => messagesOf(await openBag(copy), "/action");
  await writeFile(file, bytes.subarray(0, 200));
  await expect(read()).rejects.toThrow(/file-000\.parquet: cannot be read as Parquet/);
  await rm(file);
  await expect(read()).rejects.toThrow("data/chunk-000/file-000.parquet is missing, expected in the data set's folder");
  await symlink("/etc/hostname", file);
  await expect(read()).rejects.toThrow("outside of the data set's folder");
  const info = join(copy, "meta", "info.json");
  await writeFile(info, (await readFile(info, "utf8")).replace("v3.0", "v1.6"));
  await expect(openBag(copy)).rejects.toThrow(`${info}: codebase_version v1.6 is not read; read are v2.0, v2.1 and v3`);
});
