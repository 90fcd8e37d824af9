import type { Frame } from "./frames.js";

/** A frame and the number of pictures of the video that show it. */
export interface Sampled {
  readonly frame: Frame;
  readonly count: number;
}

const SECOND = 1e9;
/** Stamps jitter: a frame this part of a picture's time late counts as on time. */
const LATE = 0.01;

/**
 * Frames at an even rate: every picture shows the newest frame of its time, and a frame that no picture shows is left out.
 * The last one is shown once.
 * @param fps pictures a second of the video
 * @param speed recorded seconds a second of the video
 */
export async function* sampled(frames: AsyncIterable<Frame>, fps: number, speed: number): AsyncGenerator<Sampled> {
  let start: bigint | undefined;
  let newest: { readonly frame: Frame; readonly from: number } | undefined;
  for await (const frame of frames) {
    start ??= frame.time;
    const from = Math.max(newest?.from ?? 0, Math.ceil((Number(frame.time - start) * fps) / (SECOND * speed) - LATE));
    if (newest && from > newest.from) yield { frame: newest.frame, count: from - newest.from };
    newest = { frame, from };
  }
  if (newest) yield { frame: newest.frame, count: 1 };
}
