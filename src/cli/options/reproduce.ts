import { Argument, type Command } from "commander";
import { PAPER_NAMES, type PaperName } from "../../reproduction/papers.js";
import { PAPER_WORLDS } from "../../reproduction/xing/paper.js";
import { taskNames } from "../../sim/tasks/tasks.js";
import type { ReproduceOptions } from "../commands/reproduce.js";
import { repeatable, SEEDS, wholeOption } from "./shared.js";

export function declareOptions(command: Command): void {
  command
    .addArgument(new Argument("<paper>", "the paper, by its first author").choices(PAPER_NAMES))
    .option("-o, --output <folder>", "folder for the page, figures and tables; default: the paper's name")
    .addOption(
      repeatable(
        "--task <name>",
        `only this task: of jain tabletop; of kim-choi ${taskNames.join(", ")}; of xing ${Object.keys(PAPER_WORLDS).join(", ")}; of lovering and nikulin those with a shipped policy that has attention; may be repeated`,
      ),
    )
    .option(
      "--students <folder>",
      "of xing: folder with WORLD-digr.onnx, -written and -distilled in place of the shipped ones",
    )
    .option("--quick", "few episodes: enough for a look, too few to judge trends")
    .addOption(wholeOption("--seed <n>", "seed of initial states and targets", SEEDS).default(0))
    .option("--json", "print the results as one JSON object")
    .action(async (paper: PaperName, options: ReproduceOptions) =>
      (await import("../commands/reproduce.js")).reproduce(paper, options),
    );
}
