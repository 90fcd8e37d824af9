import { type Command, InvalidArgumentError, Option } from "commander";
import type { WhatIfOptions } from "../commands/whatif.js";
import { cardOption, msgPathOption, numberOption, repeatable, shapeOption, wholeOption } from "./shared.js";

export function declareOptions(command: Command): void {
  command
    .argument("<bag>", "recording: .mcap or .db3 file, or rosbag2 folder")
    .addOption(
      numberOption("--at <seconds>", "the moment, from the run's first image on", [0, 1e6]).makeOptionMandatory(),
    )
    .addOption(
      repeatable(
        "--replace <what>",
        "MODALITY=mean, blurred, zero, at:SECONDS, a run (BAG, BAG#2 or run2 of this bag) in the same phase, and with --outcome true (without faults) or without:arm, without:target; may be repeated (default: each modality by its mean)",
      ),
    )
    .addOption(new Option("--region <x,y,w,h>", "replace only this part of the image, pixels").argParser(region))
    .option("--outcome", "simulate the run again, and say what becomes of it with each replacement from the moment on")
    .addOption(wholeOption("--run <n>", "number of the run in the bag, from 0", [0, 1_000_000]).default(0))
    .option("--policy <file>", "ONNX policy (default: the shipped one that the recording names)")
    .addOption(cardOption())
    .addOption(shapeOption())
    .addOption(msgPathOption())
    .option("--json", "print one JSON object")
    .action(async (bag: string, options: WhatIfOptions) =>
      (await import("../commands/whatif.js")).whatIf(bag, options),
    );
}

function region(text: string): readonly [number, number, number, number] {
  const numbers = text.split(",").map((part) => (/^\d+$/.test(part.trim()) ? Number(part) : Number.NaN));
  const [x, y, width, height] = numbers;
  if (numbers.length === 4 && numbers.every(Number.isFinite) && width! > 0 && height! > 0)
    return [x!, y!, width!, height!];
  throw new InvalidArgumentError("Expected x,y,width,height in pixels: four whole numbers.");
}
