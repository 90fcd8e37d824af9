import { type Command, Option } from "commander";
import type { Depth } from "../../relevance/contract/depth.js";
import type { CompileCommandOptions } from "../commands/compile.js";
import { cardOption, methodOption, omitOption, POLICY, precisionOption, shapeOption } from "./shared.js";

const DEPTHS = ["full", "per-torque", "shares"] as const satisfies readonly Depth[];

export function declareOptions(command: Command): void {
  command
    .argument("<policy>", POLICY)
    .requiredOption("-o, --output <file>", "ONNX file to write")
    .addOption(methodOption())
    .addOption(
      new Option("--depth <depth>", "relevance of every input element, heatmaps of each torque too, or shares only")
        .choices(DEPTHS)
        .default("full"),
    )
    .addOption(precisionOption())
    .addOption(omitOption())
    .addOption(cardOption())
    .addOption(shapeOption())
    .option("--json", "print one JSON object")
    .action(async (policy: string, options: CompileCommandOptions) =>
      (await import("../commands/compile.js")).compilePolicy(policy, options),
    );
}
