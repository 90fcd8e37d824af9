import type { Command } from "commander";
import { untilTold } from "../process/ros-process.js";

export function declareOptions(command: Command): void {
  command
    .usage("[--ros-args -p NAME:=VALUE --params-file FILE -r FROM:=TO …]")
    .allowUnknownOption()
    .argument("[arguments...]", "ROS 2 arguments")
    .action((_, __, { args }: Command) =>
      untilTold(args, async () => (await import("../commands/sim-node.js")).runSimNode),
    );
}
