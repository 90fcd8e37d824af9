import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import { InputError } from "../errors.js";
import type { RgbImage } from "../image/image.js";
import type { VideoWriter } from "./writer.js";

/** A video by the program `ffmpeg` on PATH, which gets raw pictures and chooses the codec that it has for the file. */
export class Ffmpeg implements VideoWriter {
  #child: ChildProcessByStdio<Writable, null, Readable> | undefined;
  #ended: Promise<void> | undefined;
  #said = "";

  constructor(
    private readonly path: string,
    private readonly fps: number,
    private readonly name: string,
    private readonly form: readonly string[],
  ) {}

  async add({ width, height, data }: RgbImage, count: number): Promise<void> {
    const child = this.#child ?? this.#start(width, height);
    for (let i = 0; i < count; i++) {
      const isTaken = child.stdin.write(data);
      // A program that has ended takes nothing more; its error is thrown.
      if (!isTaken) await Promise.race([once(child.stdin, "drain"), this.#ended]);
    }
  }

  async finish(): Promise<void> {
    this.#child!.stdin.end();
    await this.#ended;
  }

  async stop(): Promise<void> {
    this.#child?.kill();
    await this.#ended?.catch(() => undefined);
  }

  #start(width: number, height: number): ChildProcessByStdio<Writable, null, Readable> {
    const input = ["-f", "rawvideo", "-pixel_format", "rgb24", "-video_size", `${width}x${height}`];
    const args = ["-loglevel", "error", "-y", ...input, "-framerate", String(this.fps), "-i", "pipe:0"];
    // Players want colours at half the resolution, and so even sizes.
    const picture = ["-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2,format=yuv420p"];
    const child = spawn("ffmpeg", [...args, ...picture, ...this.form, this.path], {
      stdio: ["pipe", "ignore", "pipe"],
    });
    child.stderr.setEncoding("utf8").on("data", (more: string) => {
      this.#said = (this.#said + more).slice(-2000);
    });
    child.stdin.on("error", () => undefined);
    this.#ended = new Promise((resolve, reject) => {
      child.once("error", (error: NodeJS.ErrnoException) => {
        const why = error.code === "ENOENT" ? "the program ffmpeg is not on PATH" : `ffmpeg: ${error.message}`;
        reject(new InputError(`-o ${this.name}: ${why}, expected it there, or a name ending in .gif, .webp or .png`));
      });
      child.once("close", (code) => {
        const last = this.#said.trim().split("\n").at(-1);
        if (code === 0) resolve();
        else reject(new InputError(`-o ${this.name}: ffmpeg ended with ${code}: ${last || "it says nothing"}`));
      });
    });
    this.#ended.catch(() => undefined);
    this.#child = child;
    return child;
  }
}
