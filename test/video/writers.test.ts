import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import sharp from "sharp";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { RgbImage } from "#src/image/image.js";
import { writerFor } from "#src/video/writers.js";

const PATH = process.env.PATH!;
let folder: string;
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "torquelens-writers-"));
});
afterEach(() => {
  process.env.PATH = PATH;
});
afterAll(() => rm(folder, { recursive: true }));

const [WIDTH, HEIGHT] = [20, 14];
/** A picture of one colour with a white pixel that moves. */
function picture(i: number): RgbImage {
  const data = new Uint8Array(3 * WIDTH * HEIGHT);
  for (let p = 0; p < WIDTH * HEIGHT; p++) data.set([40 * i, 10, 200 - 30 * i], 3 * p);
  data.set([255, 255, 255], 3 * i);
  return { width: WIDTH, height: HEIGHT, data };
}
const COUNTS = [1, 2, 1, 3];

async function written(name: string, fps: number): Promise<Buffer> {
  const writer = writerFor(name)(at(name), fps, name);
  for (const [i, count] of COUNTS.entries()) await writer.add(picture(i), count);
  await writer.finish();
  return readFile(at(name));
}
const error = (a: Uint8Array, b: Uint8Array): number =>
  a.reduce((sum, value, i) => sum + Math.abs(value - b[i]!), 0) / a.length;

test.each([
  ["a.gif", 20, [50, 100, 50, 150]],
  ["b.webp", 20, [50, 100, 50, 150]],
  // GIF has hundredths of a second: the pictures' ends are rounded, so that the whole keeps its length.
  ["c.gif", 30, [30, 70, 30, 100]],
  ["d.webp", 30, [33, 67, 33, 100]],
])("%s at %d pictures a second holds every picture for its time, for ever", async (name, fps, delays) => {
  const file = await written(name, fps);
  expect(await sharp(file, { animated: true }).metadata()).toMatchObject({
    width: WIDTH,
    pageHeight: HEIGHT,
    pages: 4,
    loop: 0,
    delay: delays,
  });
  for (const i of COUNTS.keys()) {
    const pixels = await sharp(file, { page: i }).removeAlpha().raw().toBuffer();
    expect(error(pixels, picture(i).data)).toBeLessThan(6);
  }
});

/** Chunks of a PNG with their check sums as the file has them. */
function chunksOf(file: Buffer): { type: string; data: Buffer; whole: Buffer }[] {
  const found = [];
  for (let from = 8; from < file.length; ) {
    const length = file.readUInt32BE(from);
    const data = file.subarray(from + 8, from + 8 + length);
    found.push({
      type: file.toString("latin1", from + 4, from + 8),
      data,
      whole: file.subarray(from, from + 12 + length),
    });
    from += 12 + length;
  }
  return found;
}

test("an animated PNG holds every picture exactly, as a PNG and as its frames", async () => {
  const file = await written("e.png", 20);
  // A reader without animation shows the first picture; its check sums are right.
  expect(await sharp(file, { failOn: "warning" }).raw().toBuffer()).toEqual(Buffer.from(picture(0).data));
  const chunks = chunksOf(file);
  const control = chunks.find(({ type }) => type === "acTL")!.data;
  expect([control.readUInt32BE(0), control.readUInt32BE(4)]).toEqual([4, 0]);
  const frames = chunks.filter(({ type }) => type === "fcTL").map(({ data }) => data);
  expect(frames.map((data) => data.readUInt16BE(20) / data.readUInt16BE(22))).toEqual([0.05, 0.1, 0.05, 0.15]);
  for (const data of frames) expect([data.readUInt32BE(4), data.readUInt32BE(8)]).toEqual([WIDTH, HEIGHT]);
  // Chunks of animation are numbered in the file's order.
  const numbered = chunks.filter(({ type }) => type === "fcTL" || type === "fdAT");
  expect(numbered.map(({ data }) => data.readUInt32BE(0))).toEqual(numbered.map((_, i) => i));
  // Each frame's data is a PNG's: with the header before and the end behind it a picture.
  const { inflateSync } = await import("node:zlib");
  const parts = new Map<number, Buffer[]>();
  let frame = -1;
  for (const { type, data } of chunks) {
    if (type === "fcTL") frame++;
    if (type === "IDAT") parts.set(frame, [...(parts.get(frame) ?? []), data]);
    if (type === "fdAT") parts.set(frame, [...(parts.get(frame) ?? []), data.subarray(4)]);
  }
  for (const [i, data] of parts) {
    const rows = unfiltered(inflateSync(Buffer.concat(data)));
    expect(rows).toEqual(picture(i).data);
  }
  expect(parts.size).toBe(4);
});

/** Pixels of a PNG's filtered rows (PNG, §9.2). */
function unfiltered(filtered: Buffer): Uint8Array {
  const [step, row] = [3, 3 * WIDTH];
  const pixels = new Uint8Array(row * HEIGHT);
  for (let y = 0; y < HEIGHT; y++) {
    const kind = filtered[y * (row + 1)]!;
    for (let x = 0; x < row; x++) {
      const left = x < step ? 0 : pixels[y * row + x - step]!;
      const above = y === 0 ? 0 : pixels[(y - 1) * row + x]!;
      const corner = x < step || y === 0 ? 0 : pixels[(y - 1) * row + x - step]!;
      const guess = left + above - corner;
      const [dl, da, dc] = [left, above, corner].map((value) => Math.abs(guess - value)) as [number, number, number];
      const paeth = dl <= da && dl <= dc ? left : da <= dc ? above : corner;
      const added = [0, left, above, (left + above) >> 1, paeth][kind]!;
      pixels[y * row + x] = filtered[y * (row + 1) + 1 + x]! + added;
    }
  }
  return pixels;
}

/** Puts a program called ffmpeg on PATH. */
async function program(text: string): Promise<void> {
  await writeFile(at("ffmpeg"), `#!${process.execPath}\n${text}`);
  await chmod(at("ffmpeg"), 0o755);
  process.env.PATH = `${folder}${delimiter}${dirname(process.execPath)}`;
}

test("ffmpeg gets every picture as often as it is shown, with their size and rate", async () => {
  await program(
    `const { writeFileSync, readFileSync } = require("node:fs");
     writeFileSync(process.argv.at(-1), JSON.stringify({ argv: process.argv.slice(2), bytes: [...readFileSync(0)] }));`,
  );
  const { argv, bytes } = JSON.parse((await written("f.webm", 20)).toString());
  expect(argv.join(" ")).toContain("-pixel_format rgb24 -video_size 20x14 -framerate 20 -i pipe:0");
  expect(argv.join(" ")).toContain(`-f webm ${at("f.webm")}`);
  const expected = COUNTS.flatMap((count, i) =>
    Array(count)
      .fill([...picture(i).data])
      .flat(),
  );
  expect(bytes).toEqual(expected);
});

test("without ffmpeg, and where it fails, one line says so", async () => {
  process.env.PATH = folder;
  await rm(at("ffmpeg"), { force: true });
  await expect(written("g.mp4", 20)).rejects.toThrow(
    "-o g.mp4: the program ffmpeg is not on PATH, expected it there, or a name ending in .gif, .webp or .png",
  );
  await program(`process.stdin.resume(); console.error("first\\nUnknown encoder 'libx264'"); process.exitCode = 3;`);
  await expect(written("h.mp4", 20)).rejects.toThrow("-o h.mp4: ffmpeg ended with 3: Unknown encoder 'libx264'");
});

test("a name of no video is refused", () => {
  expect(() => writerFor("run.avi")).toThrow("-o run.avi: expected a name ending in .gif, .webp, .png, .mp4 or .webm");
  expect(() => writerFor("video")).toThrow("-o video: expected a name ending in");
});

test("more pictures than fit into one animation are refused", async () => {
  const writer = writerFor("large.gif")(at("large.gif"), 20, "large.gif");
  const large = { width: 20_000, height: 20_000, data: new Uint8Array(0) };
  await expect(writer.add(large, 1)).rejects.toThrow(
    "-o large.gif: more than 0 pictures of 20000×20000 do not fit into one GIF; --from, --to, --fps or --width make it smaller",
  );
});
