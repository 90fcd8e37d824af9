import { type Command, Option } from "commander";
import { DEVICES } from "../../runtime/device.js";
import { taskNames } from "../../sim/tasks/tasks.js";
import { ALGORITHMS } from "../../train/algorithms/algorithms.js";
import type { TrainOptions } from "../commands/train.js";
import { imageSize } from "../input/numbers.js";
import { SEEDS, wholeOption } from "./shared.js";

/** Extents of the camera image that a policy can be trained for, pixels. */
const [LEAST, MOST] = [32, 480];

const algorithms = Object.entries(ALGORITHMS)
  .map(([name, { text }]) => `${name} (${text})`)
  .join(", ");

export function addTrain(program: Command): void {
  program
    .command("train")
    .description("train a policy for a simulated task; the same seed gives the same file")
    .requiredOption("--task <name>", `task to learn: ${taskNames.join(", ")}`)
    .option("--algorithm <name>", `training algorithm: ${algorithms}`, "imitation")
    .option("--camera <WxH>", "camera image size in pixels (default: the shipped policy's)", imageSize(LEAST, MOST))
    .addOption(wholeOption("--seed <number>", "random seed", SEEDS).default(0))
    .requiredOption("-o, --output <file>", "ONNX file to write; the policy card is written beside it")
    .option("--run <folder>", "curves and checkpoints; an interrupted training continues here (default: OUTPUT.run)")
    .option("--no-control", "do not train the control, a policy with random convolutions")
    .addOption(
      new Option(
        "--device <name>",
        "where to train the convolutions; falls back to the CPU (default: cpu; with --camera: auto)",
      ).choices(DEVICES),
    )
    .option("--json", "print the figures as one JSON object")
    .action(async (options: TrainOptions) => (await import("../commands/train.js")).train(options));
}
