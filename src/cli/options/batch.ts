import { availableParallelism } from "node:os";
import { type Command, Option } from "commander";
import type { BatchOptions } from "../commands/batch.js";
import {
  cardOption,
  conventionOption,
  deviceOption,
  methodOption,
  msgPathOption,
  precisionOption,
  repeatable,
  THREADS,
  wholeOption,
} from "./shared.js";

export function declareOptions(command: Command): void {
  command
    .argument("[bags...]", "recordings, each one explained by itself")
    .option("--list <file>", "a file with more recordings, one a line; - reads standard input")
    .requiredOption("--policy <file>", "ONNX policy: the one that drove the robots, or another")
    .requiredOption("-o, --output <folder>", "folder of the data set to add to")
    .addOption(
      repeatable(
        "--robot <name>",
        "the robot's name, or /REGEXP/ whose first group in the path is it (default: by the robot description)",
      ),
    )
    .addOption(cardOption())
    .addOption(methodOption())
    .addOption(
      new Option("--level <name>", "full, or shares: without heatmaps and residual, faster")
        .choices(["full", "shares"])
        .default("full"),
    )
    .addOption(repeatable("--image <topic>", "camera topic, or modality=topic; repeat for each camera"))
    .addOption(repeatable("--joints <topic>", "topic of joint states; may be repeated"))
    .addOption(
      repeatable(
        "--value <modality=…>",
        "values of a modality without a sensor: comma-separated numbers, or a topic; repeat for each such modality",
      ),
    )
    .addOption(wholeOption("--every <n>", "explain only every n-th image", [1, 1_000_000]).default(1))
    .addOption(
      wholeOption(
        "--slice <seconds>",
        "cut recordings that are longer, so that several machines share them",
        [1, 1_000_000],
      ),
    )
    .addOption(conventionOption())
    .addOption(msgPathOption())
    .addOption(precisionOption())
    .option("--again", "explain again what is in the data set already")
    .option("--json", "print the summary as one JSON object")
    .addOption(
      wholeOption("--jobs <n>", "recordings explained at a time", THREADS).default(
        Math.min(availableParallelism(), THREADS[1]),
        "one per processor",
      ),
    )
    .addOption(deviceOption())
    .action(async (bags: readonly string[], options: BatchOptions) =>
      (await import("../commands/batch.js")).batch(bags, options),
    );
}
