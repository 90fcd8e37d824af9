import { encoderOf } from "../../messages/cdr.js";
import { QOS } from "../../messages/qos.js";
import type { Time } from "../../messages/types.js";
import { own, put } from "../../own.js";
import { openNode } from "../../ros/client/rclnodejs.js";
import { READ } from "./loopback.js";
import { type RobotOptions, robotMessages, runRobot } from "./robot.js";

/** A robot in a process of its own, over ROS 2: sends messages once they have subscribers, and reads what comes back. */
export interface RobotRequest {
  readonly robot: RobotOptions;
  /** Name of the timed node. */
  readonly node: string;
}
export interface RobotReply {
  /** Number of messages that came back on each topic. */
  readonly received: Readonly<Record<string, number>>;
}

const TYPES: Readonly<Record<string, string>> = {
  explanation: "torquelens/msg/Explanation",
  ratios: "torquelens/msg/RelevanceRatios",
  "overlay/compressed": "sensor_msgs/msg/CompressedImage",
};

async function drive({ robot, node }: RobotRequest): Promise<RobotReply> {
  const ros = await openNode({ name: "bench_robot", args: [] });
  const received: Record<string, number> = {};
  for (const name of READ) {
    put(received, name, 0);
    ros.subscribe(own(TYPES, name)!, `${node}/${name}`, QOS.reliable, () => {
      put(received, name, own(received, name)! + 1);
    });
  }
  const [imageType, jointType] = ["sensor_msgs/msg/Image", "sensor_msgs/msg/JointState"] as const;
  const messages = robotMessages(robot);
  // Encoded once, so that no garbage collection delays sending.
  const images = messages.images.map(encoderOf(imageType));
  const jointStates = messages.jointStates.map(encoderOf(jointType));
  const image = ros.publisher(imageType, "/image", QOS.sensor);
  const joints = ros.publisher(jointType, "/joint_states", QOS.states);
  const isRead = () =>
    image.subscribers > 0 &&
    joints.subscribers > 0 &&
    [...READ].every((name) => ros.publishersOf(`${node}/${name}`).length > 0);
  while (!isRead()) await new Promise((resolve) => setTimeout(resolve, 100));
  await runRobot(robot, messages, {
    image: (place, stamp) => image.publish(stamped(images[place]!, stamp)),
    jointState: (place, stamp) => joints.publish(stamped(jointStates[place]!, stamp)),
  });
  ros.close();
  return { received };
}

/** Bytes of the encapsulation that every message begins with; the header's stamp is next. */
const STAMP = 4;

/** An encoded message that begins with a header, its stamp overwritten. */
function stamped(cdr: Uint8Array, { sec, nanosec }: Time): Uint8Array {
  const view = new DataView(cdr.buffer, cdr.byteOffset, cdr.byteLength);
  view.setInt32(STAMP, sec, true);
  view.setUint32(STAMP + 4, nanosec, true);
  return cdr;
}

process.once("message", async (request: RobotRequest) => {
  try {
    process.send!(await drive(request), () => process.exit(0));
  } catch (error) {
    process.stderr.write(`${(error as Error).stack}\n`);
    process.exit(1);
  }
});
