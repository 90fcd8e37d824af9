import type { Command } from "commander";
import type { ConvertOptions } from "../commands/convert.js";
import { shapeOption } from "./shared.js";

export function declareOptions(command: Command): void {
  command
    .argument(
      "<model>",
      "model.json of TensorFlow.js, Layers or Graph format, with its shards beside it; with --shape an ONNX file, too",
    )
    .requiredOption("-o, --output <file>", "ONNX file to write, whole or not at all")
    .addOption(shapeOption())
    .option("--json", "print one JSON object")
    .action(async (model: string, options: ConvertOptions) =>
      (await import("../commands/convert.js")).convert(model, options),
    );
}
