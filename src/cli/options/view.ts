import type { Command } from "commander";
import type { ViewOptions } from "../commands/view.js";
import { addExplainingOptions } from "./explaining.js";
import { hostOption, openOption, pagePortOption, tokenOption, withMethod } from "./shared.js";

export function declareOptions(command: Command): void {
  command
    .argument("<bags...>", "MCAP or .db3 files or rosbag2 folders, explained or not; each is shown as one recording")
    .addOption(openOption())
    .addOption(pagePortOption())
    .addOption(hostOption("address to serve the page on"))
    .addOption(tokenOption())
    .option("--policy <file>", "explain the recordings first, with this ONNX policy; nothing is written beside them");
  addExplainingOptions(command).action(async (bags: readonly string[], options: ViewOptions) =>
    (await import("../commands/view.js")).view(bags, withMethod(options)),
  );
}
