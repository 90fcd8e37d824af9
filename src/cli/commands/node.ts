import type { Command } from "commander";
import { untilTold } from "../process/ros-process.js";

export function addNode(program: Command): void {
  program
    .command("node")
    .description("the ROS 2 node: explains a policy beside a running arm")
    .usage("[--ros-args -p policy:=FILE --params-file FILE -r image:=/camera/image …]")
    .allowUnknownOption()
    .argument("[arguments...]", "arguments of ROS 2")
    .action((_, __, { args }: Command) =>
      untilTold(args, async () => (await import("../process/run-node.js")).runNode),
    );
}
