import { Argument, type Command } from "commander";
import { taskNames } from "../../sim/tasks/tasks.js";
import type { ReproduceOptions } from "../commands/reproduce.js";
import { repeatable, SEEDS, wholeOption } from "./shared.js";

export function addReproduce(program: Command): void {
  program
    .command("reproduce")
    .description("make a paper's figures from the shipped policies and compare them with the paper")
    .addArgument(new Argument("<paper>", "the paper").choices(["kim-choi"]))
    .option("-o, --output <folder>", "folder for the page, figures and tables", "kim-choi")
    .addOption(repeatable("--task <name>", `only this task of ${taskNames.join(", ")}; may be repeated`))
    .option("--quick", "one episode per condition: enough for a look, too few to judge trends")
    .addOption(wholeOption("--seed <n>", "seed of initial states and targets", SEEDS).default(0))
    .option("--json", "print the results as one JSON object")
    .action(async (_paper: string, options: ReproduceOptions) =>
      (await import("../commands/reproduce.js")).reproduce(options),
    );
}
