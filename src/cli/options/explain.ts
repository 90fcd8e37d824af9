import type { Command } from "commander";
import type { ExplainOptions } from "../commands/explain.js";
import {
  cardOption,
  conventionOption,
  deviceOption,
  instructionOption,
  omitOption,
  POLICY,
  precisionOption,
  repeatable,
  shapeOption,
  subjectOptions,
  withMethod,
} from "./shared.js";

export function declareOptions(command: Command): void {
  command
    .argument("<policy>", POLICY)
    .addOption(repeatable("--image <file>", "camera image, or modality=file; repeat for each camera"))
    .option("--state <file>", "the other inputs as JSON, by modality: lists or objects by element name, SI units");
  subjectOptions(command)
    .option(
      "--joint <name>",
      "explain only this joint's torque, or the output of this name, not the importance-weighted sum of all",
    )
    .addOption(conventionOption())
    .addOption(instructionOption())
    .addOption(deviceOption())
    .addOption(precisionOption())
    .addOption(omitOption())
    .option("--out <directory>", "directory for heatmaps, overlays, attention and explanation.json")
    .addOption(cardOption())
    .addOption(shapeOption())
    .option("--json", "print one JSON object")
    .action(async (policy: string, options: ExplainOptions) =>
      (await import("../commands/explain.js")).explain(policy, withMethod(options)),
    );
}
