import { type Command, Option } from "commander";
import { COMPRESSIONS } from "../../bag/compression.js";
import type { ReplayOptions } from "../commands/replay.js";
import { addExplainingOptions } from "./explaining.js";
import { withMethod } from "./shared.js";

export function declareOptions(command: Command): void {
  command
    .argument("<bags...>", "MCAP or .db3 files or rosbag2 folders; several are read as one, merged by time")
    .requiredOption("--policy <file>", "ONNX policy: the one that drove the robot, or another")
    .requiredOption("-o, --output <path>", "NAME.mcap or NAME.db3 for a file, NAME for a rosbag2 folder");
  addExplainingOptions(command)
    .option("--copy <topics>", "recorded topics to copy to the output: all, none, or a comma-separated list", "all")
    .addOption(
      new Option("--compression <name>", "compression of the output (default: as the recording)").choices(COMPRESSIONS),
    )
    .option("--json", "print one JSON object per explanation, then one with the summary")
    .action(async (bags: readonly string[], options: ReplayOptions) =>
      (await import("../commands/replay.js")).replayBags(bags, withMethod(options)),
    );
}
