import type { Command } from "commander";
import { untilTold } from "../process/ros-process.js";

export function addSimNode(program: Command): void {
  program
    .command("sim-node")
    .description("the simulator as a ROS 2 node: a camera, joint states, tf and the clock as topics")
    .usage("[--ros-args -p NAME:=VALUE --params-file FILE -r FROM:=TO …]")
    .allowUnknownOption()
    .argument("[arguments...]", "arguments of ROS 2")
    .action((_, __, { args }: Command) =>
      untilTold(args, async () => (await import("../process/run-sim-node.js")).runSimNode),
    );
}
