import { availableParallelism } from "node:os";
import { type Command, Option } from "commander";
import { COMPRESSIONS } from "../../bag/compression.js";
import type { ReplayOptions } from "../commands/replay.js";
import { atLeast, wholeNumber } from "../input/numbers.js";
import {
  cardOption,
  conventionOption,
  deviceOption,
  methodOption,
  msgPathOption,
  precisionOption,
  repeatable,
} from "./shared.js";

export function addReplay(program: Command): void {
  const command = program
    .command("replay")
    .description("explain a recording: write its explanations and its messages to a new bag")
    .argument("<bags...>", "MCAP or .db3 files or rosbag2 folders; several are read as one, merged by time")
    .requiredOption("--policy <file>", "ONNX policy: the one that drove the robot, or another")
    .requiredOption("-o, --output <path>", "NAME.mcap for a file, any other name for a rosbag2 folder");
  addExplainingOptions(command)
    .option("--copy <topics>", "recorded topics to copy to the output: all, none, or a comma-separated list", "all")
    .addOption(
      new Option("--compression <name>", "compression of the output (default: as the recording)").choices(COMPRESSIONS),
    )
    .option("--json", "print one JSON object per explanation, then one with the summary")
    .action(async (bags: readonly string[], options: ReplayOptions) =>
      (await import("../commands/replay.js")).replayBags(bags, options),
    );
}

/** Options that say how a recording is explained. */
export function addExplainingOptions(command: Command): Command {
  return command
    .addOption(cardOption())
    .addOption(methodOption())
    .addOption(repeatable("--image <topic>", "camera topic, or modality=topic; repeat for each camera"))
    .addOption(repeatable("--joints <topic>", "topic of joint states; may be repeated"))
    .addOption(
      repeatable(
        "--value <modality=…>",
        "values of a modality without a sensor: comma-separated numbers, or a topic; repeat for each such modality",
      ),
    )
    .option("--start <s>", "start this many seconds after the first message", atLeast(0))
    .option("--end <s>", "stop this many seconds after the first message", atLeast(0))
    .option("--every <n>", "explain only every n-th image", wholeNumber(1), 1)
    .addOption(
      new Option("--jobs <n>", "images explained in parallel")
        .argParser(wholeNumber(1))
        .default(availableParallelism(), "one per processor"),
    )
    .option("--threads <n>", "inference threads of each job", wholeNumber(1), 1)
    .addOption(conventionOption())
    .addOption(msgPathOption())
    .addOption(deviceOption())
    .addOption(precisionOption());
}
