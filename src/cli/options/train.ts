import { type Command, Option } from "commander";
import { DEVICES } from "../../runtime/device.js";
import { taskNames } from "../../sim/tasks/tasks.js";
import { ALGORITHMS } from "../../train/algorithms/algorithms.js";
import { listeningRecipeNames, toldWorlds } from "../../train/listening/recipes.js";
import { rewardedTasks } from "../../train/ppo/arm-recipes.js";
import { trainedWorlds } from "../../train/ppo/recipes.js";
import { vtraceWorlds } from "../../train/vtrace/recipes.js";
import { imageSize, targetKind } from "../input/numbers.js";
import type { TrainOptions } from "../input/train-options.js";
import { SEEDS, wholeOption } from "./shared.js";

/** Extents of the camera image that a policy can be trained for, pixels. */
const [LEAST, MOST] = [32, 480];

const algorithms = [
  ...Object.entries(ALGORITHMS).map(([name, { text }]) => `${name} (${text})`),
  `ppo (proximal policy optimisation: ${[...rewardedTasks, ...trainedWorlds].join(", ")})`,
  `vtrace (V-trace actor-critic: ${vtraceWorlds.join(", ")})`,
].join(", ");

const RECIPES = `imitation, gps, ppo, vtrace, levine (as Levine et al. 2016: four conditions, end to end), anywhere (peg, door: goals anywhere), goals (reacher: levine with episodes enough for many goals), large (reacher: 240×240 pixels), fls and attention (reacher: with attention), query or query-paper (worlds: a policy that asks queries and remembers, by V-trace), ${listeningRecipeNames.join(", ")} (${toldWorlds.join(", ")}: policies that are told what to do)`;

export function declareOptions(command: Command): void {
  command
    .requiredOption("--task <name>", `task to learn: ${[...taskNames, ...trainedWorlds, ...toldWorlds].join(", ")}`)
    .option(
      "--algorithm <name>",
      `training algorithm: ${algorithms} (default: the recipe's, or imitation; of a world without words ppo)`,
    )
    .option("--recipe <name>", `recipe: ${RECIPES} (default: the algorithm's usual one)`)
    .option(
      "--targets <kind>",
      "goals to train for: four, random, or so many fixed ones (default: the recipe's)",
      targetKind,
    )
    .option("--camera <WxH>", "camera image size in pixels (default: the shipped policy's)", imageSize(LEAST, MOST))
    .addOption(wholeOption("--seed <number>", "random seed", SEEDS).default(0))
    .requiredOption("-o, --output <file>", "ONNX file to write; the policy card is written beside it")
    .option("--run <folder>", "curves and checkpoints; an interrupted training continues here (default: OUTPUT.run)")
    .option("--no-control", "do not train the control, a policy with random convolutions")
    .option("--random-convolutions", "train the control alone, and write it as a policy")
    .addOption(
      new Option(
        "--device <name>",
        "where to train the convolutions; falls back to the CPU (default: cpu; with --camera: auto)",
      ).choices(DEVICES),
    )
    .addOption(
      wholeOption("--figures <episodes>", "test episodes of each closed-loop figure", [1, 10_000]).default(100),
    )
    .option("--json", "print the figures as one JSON object")
    .action(async (options: TrainOptions) => (await import("../commands/train.js")).train(options));
}
