import type { Command } from "commander";
import type { GazeCommandOptions } from "../commands/gaze.js";
import { cardOption, POLICY, repeatable, SEEDS, shapeOption, wholeOption } from "./shared.js";

export function declareOptions(command: Command): void {
  command
    .argument("<policy>", POLICY)
    .argument("<trials...>", "trials of Atari-HEAD: their files of labels (.txt), or with --game the data set's folder")
    .option("--game <name>", "all trials of this game in the folder, by its meta_data.csv")
    .addOption(repeatable("--method <method>", "only this method with its options; may be repeated"))
    .addOption(wholeOption("--steps <n>", "only the first steps of each trial (default: all)", [1, 1_000_000]))
    .addOption(wholeOption("--seed <n>", "seed of the random maps", SEEDS).default(0))
    .addOption(cardOption())
    .addOption(shapeOption())
    .option("--json", "print one JSON object, with the measures of every trial")
    .action(async (policy: string, trials: readonly string[], options: GazeCommandOptions) =>
      (await import("../commands/gaze.js")).compareWithGaze(policy, trials, options),
    );
}
