import { writeFile } from "node:fs/promises";
import sharp from "sharp";
import { InputError } from "../errors.js";
import type { RgbImage } from "../image/image.js";
import type { VideoWriter } from "./writer.js";

/** Pixels of all pictures together, which the encoder holds in memory. */
const MOST_PIXELS = 2 ** 28;
/** Rows of all pictures together, which the encoder takes as one tall image. */
const MOST_ROWS = 10_000_000;
/** GIF counts hundredths of a second, WebP thousandths. */
const UNIT_MS = { gif: 10, webp: 1 } as const;

/** An animated GIF or WebP that repeats for ever. */
export class Animation implements VideoWriter {
  readonly #pictures: Buffer[] = [];
  /** Pictures of 1/fps so far. */
  #shown = 0;
  /** Ends of the pictures, in `UNIT_MS`. */
  readonly #ends: number[] = [];

  constructor(
    private readonly path: string,
    private readonly fps: number,
    private readonly name: string,
    private readonly format: keyof typeof UNIT_MS,
  ) {}

  async add({ width, height, data }: RgbImage, count: number): Promise<void> {
    const pictures = this.#pictures.length + 1;
    if (pictures * width * height > MOST_PIXELS || pictures * height > MOST_ROWS)
      throw new InputError(
        `-o ${this.name}: more than ${pictures - 1} pictures of ${width}×${height} do not fit into one ${this.format.toUpperCase()}; ` +
          "--from, --to, --fps or --width make it smaller, .mp4 and .webm have no such limit",
      );
    const raw = { width, height, channels: 3 } as const;
    this.#pictures.push(await sharp(data, { raw }).png({ compressionLevel: 1 }).toBuffer());
    this.#shown += count;
    this.#ends.push(Math.round((1000 * this.#shown) / this.fps / UNIT_MS[this.format]));
  }

  async finish(): Promise<void> {
    const unit = UNIT_MS[this.format];
    const delay = this.#ends.map((end, i) => unit * Math.max(1, end - (this.#ends[i - 1] ?? 0)));
    const joined = sharp(this.#pictures, { join: { animated: true }, limitInputPixels: false });
    const encoded =
      this.format === "gif" ? joined.gif({ delay, loop: 0 }) : joined.webp({ delay, loop: 0, quality: 90 });
    await writeFile(this.path, await encoded.toBuffer());
  }

  async stop(): Promise<void> {
    this.#pictures.length = 0;
  }
}
