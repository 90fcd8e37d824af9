import type { Command, Option } from "commander";
import { InputError } from "../../errors.js";
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
  const others = new Set(command.options);
  const explaining = addExplainingOptions(command).options.filter(
    (option) => !others.has(option) && !isForViewing(option),
  );
  command.action(async (bags: readonly string[], options: ViewOptions) => {
    const given = explaining.find((option) => command.getOptionValueSource(option.attributeName()) === "cli");
    if (given && options.policy === undefined) throw new InputError(`${given.long}: expected --policy with it`);
    return (await import("../commands/view.js")).view(bags, withMethod(options));
  });
}

/** Definitions of messages are read for recordings that are only shown, too. */
const isForViewing = ({ long }: Option): boolean => long === "--msg-path";
