import { type FileHandle, open } from "node:fs/promises";
import { crc32 } from "node:zlib";
import sharp from "sharp";
import type { RgbImage } from "../image/image.js";
import type { VideoWriter } from "./writer.js";

const SIGNATURE = Buffer.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);
/** Bytes from the file's beginning to the chunk `acTL`: signature and `IHDR`. */
const CONTROL_AT = 33;

/**
 * An animated PNG that repeats for ever: the pictures' own compressed data as frames (PNG, third edition, §11.3.6).
 * Pictures go to the file at once; their number is written at the end.
 */
export class AnimatedPng implements VideoWriter {
  #file: FileHandle | undefined;
  #frames = 0;
  /** Number of the next chunk of animation. */
  #sequence = 0;
  /** Pictures of 1/fps so far, and where the last one ended, milliseconds. */
  #shown = 0;
  #end = 0;

  constructor(
    private readonly path: string,
    private readonly fps: number,
  ) {}

  async add({ width, height, data }: RgbImage, count: number): Promise<void> {
    const png = await sharp(data, { raw: { width, height, channels: 3 } })
      .png({ palette: false })
      .toBuffer();
    const chunks = [...chunksOf(png)];
    const parts: Buffer[] = [];
    if (this.#frames === 0) {
      this.#file = await open(this.path, "w");
      const header = chunks.find(({ type }) => type === "IHDR")!;
      parts.push(SIGNATURE, chunk("IHDR", header.data), control(0));
    }
    this.#shown += count;
    const end = Math.round((1000 * this.#shown) / this.fps);
    parts.push(this.#frameControl(width, height, end - this.#end));
    this.#end = end;
    for (const { type, data } of chunks) {
      if (type !== "IDAT") continue;
      parts.push(this.#frames === 0 ? chunk("IDAT", data) : chunk("fdAT", Buffer.concat([this.#next(), data])));
    }
    this.#frames++;
    await this.#file!.writeFile(Buffer.concat(parts));
  }

  async finish(): Promise<void> {
    const file = this.#file!;
    await file.writeFile(chunk("IEND", Buffer.alloc(0)));
    const counted = control(this.#frames);
    await file.write(counted, 0, counted.length, CONTROL_AT);
    await this.stop();
  }

  async stop(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
  }

  #next(): Buffer {
    const number = Buffer.alloc(4);
    number.writeUInt32BE(this.#sequence++);
    return number;
  }

  #frameControl(width: number, height: number, milliseconds: number): Buffer {
    const rest = Buffer.alloc(22);
    rest.writeUInt32BE(width, 0);
    rest.writeUInt32BE(height, 4);
    rest.writeUInt16BE(Math.min(milliseconds, 0xffff), 16);
    rest.writeUInt16BE(1000, 18);
    return chunk("fcTL", Buffer.concat([this.#next(), rest]));
  }
}

/** `acTL`: number of frames, repeated for ever. */
function control(frames: number): Buffer {
  const data = Buffer.alloc(8);
  data.writeUInt32BE(frames);
  return chunk("acTL", data);
}

function chunk(type: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const around = Buffer.alloc(8);
  around.writeUInt32BE(data.length, 0);
  around.writeUInt32BE(crc32(named), 4);
  return Buffer.concat([around.subarray(0, 4), named, around.subarray(4)]);
}

function* chunksOf(png: Buffer): Generator<{ readonly type: string; readonly data: Buffer }> {
  for (let at = SIGNATURE.length; at < png.length; ) {
    const length = png.readUInt32BE(at);
    yield { type: png.toString("latin1", at + 4, at + 8), data: png.subarray(at + 8, at + 8 + length) };
    at += 12 + length;
  }
}
