import type { Command } from "commander";
import { untilTold } from "../process/ros-process.js";

export function addNode(program: Command): void {
  program
    .command("node")
    .description("run the ROS 2 node that explains a policy beside a running arm")
    .usage("[--ros-args -p policy:=FILE --params-file FILE -r image:=/camera/image …]")
    .allowUnknownOption()
    .argument("[arguments...]", "ROS 2 arguments")
    .action((_, __, { args }: Command) => untilTold(args, async () => (await import("../commands/node.js")).runNode));
}
