import { extname } from "node:path";
import { InputError } from "../errors.js";
import { own } from "../own.js";
import { Animation } from "./animation.js";
import { AnimatedPng } from "./apng.js";
import { Ffmpeg } from "./ffmpeg.js";
import type { VideoWriter } from "./writer.js";

/** Opens a writer to a path, for a video of `fps` pictures a second. @param name of the output in errors */
type Open = (path: string, fps: number, name: string) => VideoWriter;

const FORMATS: Readonly<Record<string, Open>> = {
  gif: (path, fps, name) => new Animation(path, fps, name, "gif"),
  webp: (path, fps, name) => new Animation(path, fps, name, "webp"),
  png: (path, fps) => new AnimatedPng(path, fps),
  mp4: (path, fps, name) => new Ffmpeg(path, fps, name, ["-movflags", "+faststart", "-f", "mp4"]),
  webm: (path, fps, name) => new Ffmpeg(path, fps, name, ["-b:v", "0", "-crf", "30", "-f", "webm"]),
};

/** The writer of a file by its name's ending. @throws InputError for an ending that stands for no video */
export function writerFor(output: string): Open {
  const open = own(FORMATS, extname(output).slice(1).toLowerCase());
  if (open) return open;
  const endings = Object.keys(FORMATS).map((ending) => `.${ending}`);
  throw new InputError(
    `-o ${output}: expected a name ending in ${endings.slice(0, -1).join(", ")} or ${endings.at(-1)}`,
  );
}
