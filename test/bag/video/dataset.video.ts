import { spawnSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parquetWriteBuffer } from "hyparquet-writer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decoderOf } from "#src/bag/decode.js";
import { openBag } from "#src/bag/open-bag.js";
import * as g from "#src/graph/build.js";
import { writeModel } from "#src/graph/onnx-write.js";
import type { ImageMessage } from "#src/messages/types.js";
import { torquelens } from "../../cli/run.js";
import { config, writeFolder } from "../../policy/lerobot-folder.js";

/** Data sets of LeRobot whose pictures are videos, encoded as LeRobot does: two pictures a group, quality 30. */

const CAMERA = "observation.images.top";
const [WIDTH, HEIGHT] = [96, 64];
const SIZE = 3 * WIDTH * HEIGHT;
/** Pictures a second, and of each episode, of test/data/lerobot. */
const RATE = 10;
const LENGTHS = [5, 4];
const CODECS = ["libx264", "libsvtav1", "libaom-av1"];
const data = new URL("../../data/lerobot/", import.meta.url).pathname;

function ffmpeg(args: readonly string[], input?: Uint8Array): Buffer {
  const run = spawnSync("ffmpeg", ["-v", "error", "-nostdin", ...args], { input, maxBuffer: 2 ** 28 });
  if (run.status !== 0) throw new Error(`ffmpeg ${args.join(" ")}: ${run.stderr}`);
  return run.stdout;
}

/** A picture that no other frame of any episode has. */
function picture(episode: number, k: number): Uint8Array {
  const bytes = new Uint8Array(SIZE);
  for (let y = 0; y < HEIGHT; y++)
    for (let x = 0; x < WIDTH; x++) {
      const isBar = x >= 9 * k && x < 9 * k + 20 && y >= 20 * episode && y < 20 * episode + 30;
      bytes.set([isBar ? 250 : 2 * x, isBar ? 20 : 3 * y, 40 + 60 * episode + 15 * k], 3 * (y * WIDTH + x));
    }
  return bytes;
}

async function encode(episode: number, path: string, codec: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const frames = Buffer.concat(Array.from({ length: LENGTHS[episode]! }, (_, k) => picture(episode, k)));
  const raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", `${WIDTH}x${HEIGHT}`, "-r", `${RATE}`, "-i", "-"];
  const given = spawnSync(
    "ffmpeg",
    ["-v", "error", ...raw, "-vcodec", codec, "-pix_fmt", "yuv420p", "-g", "2", "-crf", "30", path],
    { input: frames },
  );
  if (given.status !== 0) throw new Error(String(given.stderr));
}

/** All pictures of a video, one after another. */
const decoded = (path: string) =>
  ffmpeg(["-i", path, "-f", "rawvideo", "-fps_mode", "passthrough", "-pix_fmt", "rgb24", "pipe:1"]);

/** Copies test/data/lerobot/FROM and says that its camera is a video of this size in these files. */
async function described(folder: string, from: string, pattern: string): Promise<void> {
  await cp(join(data, from), folder, { recursive: true });
  const file = join(folder, "meta", "info.json");
  const info = JSON.parse(await readFile(file, "utf8"));
  info.features[CAMERA] = { ...info.features[CAMERA], dtype: "video", shape: [HEIGHT, WIDTH, 3] };
  await writeFile(file, JSON.stringify({ ...info, video_path: pattern }));
}

const episodeFile = (folder: string, episode: number) =>
  join(folder, "videos", "chunk-000", CAMERA, `episode_00000${episode}.mp4`);

/** Version 2.1, a file an episode. */
async function byEpisode(folder: string, codec: string): Promise<Buffer> {
  await described(folder, "v2.1", "videos/chunk-{episode_chunk:03d}/{video_key}/episode_{episode_index:06d}.mp4");
  for (const episode of LENGTHS.keys()) {
    await rm(episodeFile(folder, episode));
    await encode(episode, episodeFile(folder, episode), codec);
  }
  return Buffer.concat(LENGTHS.map((_, episode) => decoded(episodeFile(folder, episode))));
}

/** Version 3, the episodes' videos joined in one file without encoding them again. */
async function joined(folder: string, codec: string): Promise<Buffer> {
  await described(folder, "v3.0", "videos/{video_key}/chunk-{chunk_index:03d}/file-{file_index:03d}.mp4");
  const list = join(folder, "list.txt");
  const parts = LENGTHS.map((_, episode) => join(folder, `${episode}.mp4`));
  for (const [episode, part] of parts.entries()) await encode(episode, part, codec);
  await writeFile(list, parts.map((part) => `file '${part}'\n`).join(""));
  const video = join(folder, "videos", CAMERA, "chunk-000", "file-000.mp4");
  await mkdir(dirname(video), { recursive: true });
  ffmpeg(["-f", "concat", "-safe", "0", "-i", list, "-c", "copy", video]);
  const firsts = LENGTHS.map((_, i) => LENGTHS.slice(0, i).reduce((a, b) => a + b, 0));
  const whole = (name: string, values: readonly number[]) => ({
    name,
    data: values.map(BigInt),
    type: "INT64" as const,
  });
  const columns = [
    whole("episode_index", [0, 1]),
    whole("length", LENGTHS),
    whole("data/chunk_index", [0, 0]),
    whole("data/file_index", [0, 0]),
    whole("dataset_from_index", firsts),
    whole(
      "dataset_to_index",
      firsts.map((first, i) => first + LENGTHS[i]!),
    ),
    whole(`videos/${CAMERA}/chunk_index`, [0, 0]),
    whole(`videos/${CAMERA}/file_index`, [0, 0]),
    { name: `videos/${CAMERA}/from_timestamp`, data: firsts.map((first) => first / RATE), type: "DOUBLE" as const },
    {
      name: `videos/${CAMERA}/to_timestamp`,
      data: firsts.map((first, i) => (first + LENGTHS[i]!) / RATE),
      type: "DOUBLE" as const,
    },
  ];
  const file = join(folder, "meta", "episodes", "chunk-000", "file-000.parquet");
  await writeFile(file, new Uint8Array(parquetWriteBuffer({ columnData: columns })));
  return decoded(video);
}

async function imagesOf(path: string) {
  const bag = await openBag(path);
  const topic = bag.topics.find(({ name }) => name === "/observation/images/top")!;
  const decode = decoderOf(topic, bag.path);
  const found: { readonly at: number; readonly image: ImageMessage }[] = [];
  for await (const { logTime, data: bytes } of bag.read({ topics: new Set([topic.name]) }))
    found.push({ at: Number(logTime - bag.start) / 1e9, image: decode(bytes) as ImageMessage });
  await bag.close();
  return found;
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-video-"));
});
afterAll(() => rm(folder, { recursive: true }));

const encoders = spawnSync("ffmpeg", ["-hide_banner", "-encoders"], { encoding: "utf8" }).stdout;
const codecs = CODECS.filter((codec) => encoders.includes(` ${codec} `));

it("has an encoder to test with", () => {
  expect(codecs.length).toBeGreaterThan(0);
});

describe.each(codecs)("%s", (codec) => {
  it.each([
    ["2.1", byEpisode],
    ["3.0", joined],
  ] as const)(
    "version %s: each frame to the pixel as ffmpeg decodes the whole file, at its time",
    async (version, make) => {
      const path = join(folder, `${codec}-${version}`);
      const whole = await make(path, codec);
      const frames = Array.from({ length: 9 }, (_, k) => whole.subarray(k * SIZE, (k + 1) * SIZE));
      expect(whole.length).toBe(9 * SIZE);
      expect(new Set(frames.map((frame) => frame.toString("base64"))).size).toBe(9);
      for (const [selected, first, count] of [
        ["", 0, 9],
        ["@0", 0, 5],
        ["@1", 5, 4],
      ] as const) {
        const found = await imagesOf(path + selected);
        expect(found.map(({ image }) => [image.width, image.height, image.encoding])).toEqual(
          Array.from({ length: count }, () => [WIDTH, HEIGHT, "rgb8"]),
        );
        found.forEach(({ image }, k) => {
          expect(Buffer.compare(Buffer.from(image.data), frames[first + k]!), `frame ${first + k} of ${path}`).toBe(0);
        });
        const gap = (k: number) => (first + k >= 5 && first < 5 ? 10 : 0);
        expect(found.map(({ at }) => Number(at.toFixed(3)))).toEqual(
          found.map((_, k) => Number((k / RATE + gap(k)).toFixed(3))),
        );
      }
    },
  );
});

it("is replayed with a policy from command to recording", async () => {
  const path = join(folder, `${codecs[0]}-3.0`);
  const policy = join(folder, "policy");
  const [image, state] = [
    g.input(CAMERA, "float32", [1, 3, HEIGHT, WIDTH]),
    g.input("observation.state", "float32", [1, 3]),
  ];
  const seen = g.reshape(g.mean(image, [2, 3]), [1, 3]);
  const weight = g.tensor(
    "float32",
    [6, 12],
    Array.from({ length: 72 }, (_, i) => Math.sin(i)),
  );
  const action = g.reshape(g.matmul(g.concat([seen, state], 1), weight), [1, 4, 3]);
  const vector = { mean: [0.2, 0, 0.05], std: [0.15, 0.6, 0.05] };
  await writeFolder(policy, {
    stats: {
      [CAMERA]: { mean: [0.5, 0.4, 0.3], std: [0.25, 0.25, 0.2] },
      "observation.state": vector,
      action: vector,
    },
    config: config({
      input_features: {
        [CAMERA]: { type: "VISUAL", shape: [3, HEIGHT, WIDTH] },
        "observation.state": { type: "STATE", shape: [3] },
      },
      output_features: { action: { type: "ACTION", shape: [3] } },
    }),
    model: writeModel({
      name: "act",
      inputs: new Map([image, state].map((value) => [value.name!, value])),
      outputs: new Map([["action", action]]),
      metadata: new Map(),
      opset: 18,
    }),
  });
  await writeFile(join(policy, "torquelens.yaml"), "control_period: 0.1\njoints: [shoulder, elbow, gripper]\n");
  const out = join(folder, "out.mcap");
  const { code, stdout, stderr } = await torquelens("replay", path, "--policy", policy, "-o", out, "--json");
  expect([code, stderr.includes("torquelens:")]).toEqual([0, false]);
  const lines = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines.slice(0, -1).map(({ shares }) => Object.keys(shares).length > 1)).toEqual(new Array(9).fill(true));
  expect(lines.at(-1).summary.explained).toBe(9);
});
