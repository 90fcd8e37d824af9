import type { Command } from "commander";
import { Warnings } from "../health/warnings.js";
import { loadPolicy } from "../policy/policy.js";
import { rosArguments } from "../ros/arguments.js";
import { RosClock } from "../ros/clock.js";
import { ExplainNode } from "../ros/explain-node.js";
import { EXPLAIN_PARAMETERS } from "../ros/explain-parameters.js";
import { EXPLAIN_NODE } from "../ros/nodes.js";
import { givenQos, QosOverrides } from "../ros/qos.js";
import { openNode } from "../ros/rclnodejs.js";
import { methodOf } from "./method-option.js";
import { givenFor, parametersOf } from "./ros-arguments.js";
import { endsWith } from "./ros-process.js";

export function addNode(program: Command): void {
  program
    .command("node")
    .description("the ROS 2 node: explains a policy beside a running arm")
    .usage("[--ros-args -p policy:=FILE --params-file FILE -r image:=/camera/image …]")
    .allowUnknownOption()
    .argument("[arguments...]", "arguments of ROS 2")
    .action((_, __, command: Command) => node(command.args));
}

async function node(argv: readonly string[]): Promise<void> {
  const given = rosArguments(argv);
  await endsWith(async (signal) => {
    const ros = await openNode({ name: EXPLAIN_NODE, args: given.passed });
    try {
      const overrides = await givenFor(ros, given);
      const ofTopics = givenQos(overrides);
      const parameters = parametersOf(ros, { ...EXPLAIN_PARAMETERS, ...ofTopics }, overrides);
      const explaining = new ExplainNode({
        ros,
        parameters,
        clock: new RosClock(ros),
        qos: new QosOverrides(Object.keys(ofTopics), (name) => parameters.value(name)),
        warnings: new Warnings({ warn: (line) => ros.log("warn", line), now: () => performance.now() }),
        loadPolicy: (path, card) => loadPolicy(path, { card }),
        methodOf,
      });
      const ended = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
      void explaining.start();
      await ended;
      await explaining.close();
    } finally {
      ros.close();
    }
  });
}
