import type { Command } from "commander";
import type { InspectOptions } from "../commands/inspect.js";
import { cardOption, methodOption, POLICY, shapeOption } from "./shared.js";

export function declareOptions(command: Command): void {
  command
    .argument("<policy>", POLICY)
    .addOption(cardOption())
    .addOption(shapeOption())
    .addOption(methodOption("whose rules to show"))
    .option("--template", "print only a policy card for this model, to fill in")
    .option("-o, --output <file>", "with --template: write the card to this file, whole or not at all")
    .option("--json", "print one JSON object")
    .action(async (policy: string, options: InspectOptions) =>
      (await import("../commands/inspect.js")).inspect(policy, options),
    );
}
