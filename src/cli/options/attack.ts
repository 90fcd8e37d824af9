import { type Command, Option } from "commander";
import { ATTACK_NAMES } from "../../attack/names.js";
import { simulatedNames } from "../../sim/names.js";
import type { AttackCommandOptions } from "../commands/attack.js";
import { cardOption, numberOption, POLICY, repeatable, SEEDS, shapeOption, wholeOption } from "./shared.js";

export function declareOptions(command: Command): void {
  command
    .argument("<policy>", POLICY)
    .option("--task <name>", `take moments of an episode of this task or world: ${simulatedNames.join(", ")}`)
    .addOption(
      repeatable("--image <file>", "camera image in place of a task, or modality=file; repeat for each camera"),
    )
    .option("--state <file>", "the other inputs as JSON, as for explain")
    .addOption(new Option("--attack <name>", "how").choices(ATTACK_NAMES).default("pgd"))
    .option("--camera <name>", "image modality to change (default: the only one)")
    .addOption(numberOption("--part <x>", "part of its limit that an output is to move by", [0.001, 10]).default(0.1))
    .addOption(wholeOption("--ticks <n>", "with --task: moments of the episode", [1, 1000]).default(8))
    .addOption(wholeOption("--seed <n>", "seed of the episode and of random starts", SEEDS).default(0))
    .option("-o, --out <directory>", "directory for a picture of each moment: image, changed image, their difference")
    .addOption(cardOption())
    .addOption(shapeOption())
    .option("--json", "print one JSON object")
    .action(async (policy: string, options: AttackCommandOptions) =>
      (await import("../commands/attack.js")).attack(policy, options),
    );
}
