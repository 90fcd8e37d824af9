import type { Command } from "commander";
import { untilTold } from "../process/ros-process.js";

export function declareOptions(command: Command): void {
  command
    .usage("[--ros-args -p policy:=FILE --params-file FILE -r image:=/camera/image …]")
    .allowUnknownOption()
    .argument("[arguments...]", "ROS 2 arguments")
    .action((_, __, { args }: Command) => untilTold(args, async () => (await import("../commands/node.js")).runNode));
}
