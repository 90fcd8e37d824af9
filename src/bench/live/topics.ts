import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { InputError } from "../../errors.js";
import { openNode } from "../../ros/client/rclnodejs.js";
import type { RosNode } from "../../ros/client/ros.js";
import { Loopback } from "./loopback.js";
import { type RobotOptions, robotMessages, runRobot } from "./robot.js";
import type { RobotReply, RobotRequest } from "./robot-process.js";

/** Transport of messages: over ROS 2 to and from another process, or within this one. */
export interface Topics {
  readonly transport: "ros" | "in-process";
  /** Why ROS 2 is not used, one line. */
  readonly why?: string;
  readonly ros: RosNode;
  /** Sends a robot's messages; resolves when all are sent. */
  drive(robot: RobotOptions): Promise<void>;
}

export async function openTopics(): Promise<Topics> {
  try {
    const ros = await openNode({ name: "bench", args: [] });
    try {
      // Publishing needs this package's message types to be built.
      ros
        .publisher("torquelens/msg/Explanation", "~/probe", {
          reliability: "reliable",
          durability: "volatile",
          depth: 1,
        })
        .close();
    } catch (error) {
      ros.close();
      throw error;
    }
    return { transport: "ros", ros, drive: (robot) => inChild({ robot, node: ros.fullName }) };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    const ros = new Loopback();
    const drive = (robot: RobotOptions) => {
      const messages = robotMessages(robot);
      return runRobot(robot, messages, ros.outputs(messages));
    };
    return { transport: "in-process", why: error.message, ros, drive };
  }
}

async function inChild(request: RobotRequest): Promise<void> {
  const child = fork(fileURLToPath(new URL("./robot-process.js", import.meta.url)), { serialization: "advanced" });
  const reply = await new Promise<RobotReply>((resolve, reject) => {
    let answer: RobotReply | undefined;
    child.once("message", (message) => {
      answer = message as RobotReply;
    });
    child.once("exit", (code) => (answer ? resolve(answer) : reject(new Error(`the robot ended with code ${code}`))));
    child.send(request);
  });
  for (const [topic, count] of Object.entries(reply.received))
    if (count === 0) throw new Error(`${request.node}/${topic}: no message came back`);
}
