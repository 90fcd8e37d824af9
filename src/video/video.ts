import { InputError } from "../errors.js";
import { writeThrough } from "../files/atomic.js";
import { readFrames, type VideoChoice } from "./frames.js";
import { Pictures } from "./picture.js";
import { sampled } from "./sampled.js";
import { writerFor } from "./writers.js";

export interface VideoOptions extends VideoChoice {
  /** Pictures a second of the video. */
  readonly fps: number;
  /** Recorded seconds a second of the video. */
  readonly speed: number;
  /** Width of the video, pixels; default that of the pictures. */
  readonly width?: number | undefined;
  readonly problem?: (text: string) => void;
}

export interface VideoFacts {
  /** Recorded pictures in the video. */
  readonly pictures: number;
  readonly width: number;
  readonly height: number;
  /** Length of the video, seconds. */
  readonly seconds: number;
  /** Pictures that were left out because they are damaged. */
  readonly damaged: number;
}

/** Writes a video of a recording's pictures, whole or not at all. @throws InputError as `readFrames` and the writers */
export async function writeVideo(path: string, output: string, options: VideoOptions): Promise<VideoFacts> {
  const { fps, speed, width, problem } = options;
  const openWriter = writerFor(output);
  const pictures = new Pictures(width);
  return writeThrough(output, async (half) => {
    const writer = openWriter(half, fps, output);
    let facts = { pictures: 0, width: 0, height: 0, damaged: 0 };
    let shown = 0;
    try {
      for await (const { frame, count } of sampled(readFrames(path, options, problem), fps, speed)) {
        const picture = await pictures.of(frame);
        if (!picture) {
          facts = { ...facts, damaged: facts.damaged + 1 };
          continue;
        }
        await writer.add(picture, count);
        shown += count;
        facts = { ...facts, pictures: facts.pictures + 1, width: picture.width, height: picture.height };
      }
      if (facts.pictures === 0) throw new InputError(`${path}: none of its pictures can be decoded`);
      await writer.finish();
    } catch (error) {
      await writer.stop();
      throw error;
    }
    return { ...facts, seconds: shown / fps };
  });
}
