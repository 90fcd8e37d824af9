import { availableParallelism } from "node:os";
import type { Command } from "commander";
import {
  cardOption,
  conventionOption,
  deviceOption,
  instructionOption,
  msgPathOption,
  numberOption,
  omitOption,
  precisionOption,
  repeatable,
  SECONDS,
  shapeOption,
  subjectOptions,
  THREADS,
  wholeOption,
} from "./shared.js";

/** Options that say how a recording is explained. */
export function addExplainingOptions(command: Command): Command {
  return subjectOptions(command.addOption(cardOption()).addOption(shapeOption()))
    .addOption(repeatable("--image <topic>", "camera topic, or modality=topic; repeat for each camera"))
    .addOption(repeatable("--joints <topic>", "topic of joint states; may be repeated"))
    .addOption(
      repeatable(
        "--value <modality=…>",
        "values of a modality without a sensor: comma-separated numbers, or a topic; repeat for each such modality",
      ),
    )
    .addOption(instructionOption())
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
    .addOption(precisionOption())
    .addOption(omitOption());
}
