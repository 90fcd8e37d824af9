import { type Command, Option } from "commander";
import type { VideoCommandOptions } from "../commands/video.js";
import { msgPathOption, numberOption, SECONDS, wholeOption } from "./shared.js";

/** Names of `SHOWN` in the room `video`, which `--help` does not load. */
const SHOWN = ["heatmap", "attention"] as const;

export function declareOptions(command: Command): void {
  command
    .argument("<bag>", "explained recording: .mcap or .db3 file, or rosbag2 folder")
    .requiredOption(
      "-o, --output <file>",
      "video to write: .gif, .webp or .png (animated); .mp4 or .webm by ffmpeg on PATH",
    )
    .addOption(new Option("--what <name>", "what lies over the camera's image").choices(SHOWN).default("heatmap"))
    .option("--topic <name>", "topic of the pictures, if a recording has several")
    .option("--joint <name>", "only heatmaps that explain this joint's torque, or this action")
    .option("--query <name>", "only the attention of this query (default: all, side by side)")
    .addOption(numberOption("--from <seconds>", "beginning, from that of the recording", SECONDS))
    .addOption(numberOption("--to <seconds>", "end, from the beginning of the recording", SECONDS))
    .addOption(numberOption("--speed <factor>", "recorded seconds a second of the video", [0.01, 100]).default(1))
    .addOption(numberOption("--fps <n>", "pictures a second of the video", [0.1, 100]).default(20))
    .addOption(wholeOption("--width <pixels>", "width of the video (default: that of the pictures)", [8, 7680]))
    .addOption(msgPathOption())
    .option("--json", "print the facts as one JSON object")
    .action(async (bag: string, options: VideoCommandOptions) =>
      (await import("../commands/video.js")).video(bag, options),
    );
}
