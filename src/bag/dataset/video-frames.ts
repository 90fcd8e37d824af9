import { spawn } from "node:child_process";
import { InputError } from "../../errors.js";

/** Part of a video to read. */
interface Stretch {
  readonly path: string;
  /** Time of the first frame, seconds. */
  readonly from: number;
  readonly fps: number;
  /** Number of frames. */
  readonly count: number;
  readonly width: number;
  readonly height: number;
}

/**
 * Frames of a video one after another, rgb8, by the program `ffmpeg` on PATH.
 * @throws InputError where there is no such program, it cannot read the video, or the video has fewer frames or another size
 */
export async function* videoFrames({ path, from, fps, count, width, height }: Stretch): AsyncGenerator<Uint8Array> {
  // Half a frame before the first one: times in files are rounded.
  const start = Math.max(0, from - 0.5 / fps);
  const args = ["-v", "error", "-nostdin", "-ss", start.toFixed(6), "-i", path, "-frames:v", String(count)];
  const child = spawn("ffmpeg", [...args, "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  child.stderr.setEncoding("utf8").on("data", (more: string) => {
    said = (said + more).slice(-2000);
  });
  const ended = new Promise<string | undefined>((resolve) => {
    child.once("error", (error: NodeJS.ErrnoException) =>
      resolve(
        error.code === "ENOENT"
          ? "its images are a video, which takes the program ffmpeg: it is not on PATH"
          : error.message,
      ),
    );
    child.once("close", (code) =>
      resolve(
        code === 0 ? undefined : `ffmpeg ended with ${code}: ${said.trim().split("\n").at(-1) || "it says nothing"}`,
      ),
    );
  });
  const size = width * height * 3;
  let rest: Buffer = Buffer.alloc(0);
  let frames = 0;
  try {
    for await (const bytes of child.stdout as AsyncIterable<Buffer>) {
      rest = rest.length > 0 ? Buffer.concat([rest, bytes]) : bytes;
      for (; rest.length >= size && frames < count; rest = rest.subarray(size), frames++)
        yield Uint8Array.from(rest.subarray(0, size));
    }
    const problem = await ended;
    if (problem !== undefined) throw new InputError(`${path}: ${problem}`);
    if (frames < count || rest.length > 0)
      throw new InputError(
        `${path}: ${frames} frames of ${width}×${height} and ${rest.length} bytes from ${from.toFixed(2)} s on, expected ${count} frames`,
      );
  } finally {
    child.kill();
  }
}
