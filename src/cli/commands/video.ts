import { InputError } from "../../errors.js";
import { refuseOverwriting } from "../../files/overwriting.js";
import { plural } from "../../numbers/format.js";
import { writeOut } from "../../text/terminal.js";
import type { Shown } from "../../video/frames.js";
import { writeVideo } from "../../video/video.js";
import { foldersOf } from "../input/message-folders.js";
import { warn } from "../output/warnings.js";

export interface VideoCommandOptions {
  readonly output: string;
  readonly what: Shown;
  readonly topic?: string;
  readonly joint?: string;
  readonly query?: string;
  readonly from?: number;
  readonly to?: number;
  readonly speed: number;
  readonly fps: number;
  readonly width?: number;
  readonly msgPath: readonly string[];
  readonly json?: boolean;
}

export async function video(path: string, options: VideoCommandOptions): Promise<void> {
  const { output, what, joint, query, from = 0, to } = options;
  if (to !== undefined && to <= from) throw new InputError(`--to ${to}: expected more than --from, ${from}`);
  if (joint !== undefined && what === "attention")
    throw new InputError("--joint: attention is the policy's own and of no single joint, expected --what heatmap");
  if (query !== undefined && what === "heatmap") throw new InputError("--query: expected --what attention with it");
  await refuseOverwriting([path], [output]);
  const folders = await foldersOf(options);
  const facts = await writeVideo(path, output, { ...options, folders, problem: warn });
  const { pictures, width, height, seconds, damaged } = facts;
  if (damaged > 0) warn(`${path}: ${plural(damaged, "picture")} left out: damaged`);
  if (options.json) writeOut(`${JSON.stringify({ output, ...facts })}\n`);
  else writeOut(`wrote ${output}: ${plural(pictures, "picture")} of ${width}×${height}, ${seconds.toFixed(2)} s\n`);
}
