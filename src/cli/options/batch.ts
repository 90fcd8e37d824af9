import { availableParallelism } from "node:os";
import { type Command, Option } from "commander";
import type { BatchOptions } from "../commands/batch.js";
import type { EngineOptions } from "../commands/batch-actions.js";
import {
  cardOption,
  conventionOption,
  deviceOption,
  engineOption,
  methodOption,
  msgPathOption,
  precisionOption,
  repeatable,
  THREADS,
  wholeOption,
} from "./shared.js";

export function declareOptions(command: Command): void {
  command
    .argument("[bags...]", "recordings, each one explained by itself: paths, or s3:// URLs")
    .option("--list <file>", "a file with more recordings, one a line; - reads standard input")
    .option("--policy <file>", "ONNX policy: the one that drove the robots, or another (required)")
    .option("-o, --output <folder>", "the data set to add to: a folder, or an s3:// URL (required)")
    .addOption(engineOption())
    .addOption(
      wholeOption("--priority <n>", "with an engine: jobs of 1 come before those of 2, and so on", [1, 2_000_000]),
    )
    .option("--detach", "with an engine: end when the jobs are handed over")
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
        "cut recordings that are longer, in whole seconds, so that several machines share them",
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
  for (const [action, { about, takes }] of Object.entries(BATCH_ACTIONS)) {
    command
      .command(action)
      .description(about)
      .argument(takes, "the batch, by the name that it was given")
      .addOption(engineOption())
      .option("--json", "print it as one JSON object")
      // The command around the action takes options that both have.
      .action(async (id: string | undefined, _: unknown, its: Command) =>
        (await import("../commands/batch-actions.js"))[action as keyof typeof BATCH_ACTIONS](
          id!,
          its.optsWithGlobals<EngineOptions>(),
        ),
      );
  }
}

/** What can be done with a batch on an engine. A recording of such a name is `./status`. */
const BATCH_ACTIONS = {
  status: { takes: "[batch]", about: "list the batches on an engine, or show how far one is" },
  watch: { takes: "<batch>", about: "wait for a batch, and show how far it is" },
  cancel: { takes: "<batch>", about: "take a batch's jobs back that nobody has begun" },
  retry: { takes: "<batch>", about: "try the jobs of a batch that failed once more" },
} as const;
