import type { Command } from "commander";
import { simulatedNames } from "../../sim/names.js";
import type { FaithfulnessCommandOptions } from "../commands/faithfulness.js";
import { cardOption, POLICY, repeatable, SEEDS, shapeOption, wholeOption } from "./shared.js";

export function declareOptions(command: Command): void {
  command
    .argument("<policy>", POLICY)
    .requiredOption("--task <name>", `take moments of an episode of this task or world: ${simulatedNames.join(", ")}`)
    .addOption(repeatable("--method <method>", "only this method with its options; may be repeated"))
    .option("--camera <name>", "image modality to judge (default: the only one)")
    .addOption(wholeOption("--ticks <n>", "moments of the episode", [1, 1000]).default(8))
    .addOption(wholeOption("--seed <n>", "seed of the episode, of noise and of the random order", SEEDS).default(0))
    .addOption(cardOption())
    .addOption(shapeOption())
    .option("--json", "print one JSON object, with the curves")
    .action(async (policy: string, options: FaithfulnessCommandOptions) =>
      (await import("../commands/faithfulness.js")).measureFaithfulness(policy, options),
    );
}
