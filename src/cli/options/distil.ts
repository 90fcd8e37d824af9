import { type Command, Option } from "commander";
import { simulatedNames } from "../../sim/names.js";
import { DISTILLATIONS, YARDSTICKS } from "../../train/distillation/recipe.js";
import type { DistilOptions } from "../commands/distil.js";
import { cardOption, numberOption, SEEDS, wholeOption } from "./shared.js";

const recipes = Object.entries(DISTILLATIONS)
  .map(([name, { text }]) => `${name} (${text})`)
  .join(", ");

export function declareOptions(command: Command): void {
  command
    .argument("<policy>", "the teacher: an ONNX file")
    .addOption(cardOption())
    .requiredOption("--task <name>", `the policy's task: ${simulatedNames.join(", ")}`)
    .requiredOption("-o, --output <file>", "ONNX file to write; the policy card is written beside it")
    .addOption(
      new Option(
        "--saliency <how>",
        "where the student's gradient may be large: a method of torquelens methods on the teacher, segmentation (the task's objects), or an image file that is bright there (default: the recipe's)",
      ),
    )
    .option("--recipe <name>", `recipe: ${recipes} (default: the task's)`)
    .option("--distilled-only", "without the regularisation of the gradient: the control")
    .addOption(
      numberOption("--alpha <number>", "weight of the distance from the teacher (default: the recipe's)", [1e-6, 1e6]),
    )
    .addOption(
      new Option("--yardstick <what>", "what penalised gradients are a part of (default: the recipe's)").choices(
        YARDSTICKS,
      ),
    )
    .addOption(wholeOption("--seed <number>", "random seed", SEEDS).default(0))
    .addOption(wholeOption("--steps <number>", "steps of training (default: the recipe's)", [1, 1_000_000]))
    .addOption(wholeOption("--maps <number>", "states with saliency maps (default: the recipe's)", [1, 100_000]))
    .addOption(wholeOption("--states <number>", "states in the buffer (default: the recipe's)", [1, 100_000]))
    .option("--run <folder>", "curves and checkpoints; an interrupted training continues here (default: OUTPUT.run)")
    .addOption(
      wholeOption("--figures <episodes>", "test episodes of teacher and student, each", [1, 10_000]).default(100),
    )
    .option("--json", "print the figures as one JSON object")
    .action(async (policy: string, options: Omit<DistilOptions, "policy">) =>
      (await import("../commands/distil.js")).distil({ ...options, policy }),
    );
}
