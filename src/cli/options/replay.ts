import { availableParallelism } from "node:os";
import { type Command, Option } from "commander";
import { COMPRESSIONS } from "../../bag/compression.js";
import type { ReplayOptions } from "../commands/replay.js";
import {
  cardOption,
  conventionOption,
  deviceOption,
  msgPathOption,
  numberOption,
  precisionOption,
  repeatable,
  SECONDS,
  subjectOptions,
  THREADS,
  wholeOption,
  withMethod,
} from "./shared.js";

export function addReplay(program: Command): void {
  const command = program
    .command("replay")
    .description("explain a recording: write its explanations and its messages to a new bag")
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

/** Options that say how a recording is explained. */
export function addExplainingOptions(command: Command): Command {
  return subjectOptions(command.addOption(cardOption()))
    .addOption(repeatable("--image <topic>", "camera topic, or modality=topic; repeat for each camera"))
    .addOption(repeatable("--joints <topic>", "topic of joint states; may be repeated"))
    .addOption(
      repeatable(
        "--value <modality=…>",
        "values of a modality without a sensor: comma-separated numbers, or a topic; repeat for each such modality",
      ),
    )
    .addOption(numberOption("--start <s>", "start this many seconds after the first message", SECONDS))
    .addOption(numberOption("--end <s>", "stop this many seconds after the first message", SECONDS))
    .addOption(wholeOption("--every <n>", "explain only every n-th image", [1, 1_000_000]).default(1))
    .addOption(
      wholeOption("--jobs <n>", "images explained in parallel", THREADS).default(
        Math.min(availableParallelism(), THREADS[1]),
        "one per processor",
      ),
    )
    .addOption(wholeOption("--threads <n>", "inference threads of each job", THREADS).default(1))
    .addOption(conventionOption())
    .addOption(msgPathOption())
    .addOption(deviceOption())
    .addOption(precisionOption());
}
