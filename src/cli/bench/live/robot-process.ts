import { encoderOf } from "../../../messages/cdr.js";
import { QOS } from "../../../ros/qos.js";
import { openNode } from "../../../ros/rclnodejs.js";
import { READ } from "./loopback.js";
import { Robot, type RobotOptions } from "./robot.js";

/** A robot in a process of its own, over ROS 2: sends its messages once somebody reads them, and reads what comes back. */
export interface RobotRequest {
  readonly robot: RobotOptions;
  /** Name of the node that is timed. */
  readonly node: string;
}
export interface RobotReply {
  /** Messages of each topic that came back. */
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
    received[name] = 0;
    ros.subscribe(TYPES[name]!, `${node}/${name}`, QOS.reliable, () => {
      received[name]!++;
    });
  }
  const [imageType, jointType] = ["sensor_msgs/msg/Image", "sensor_msgs/msg/JointState"] as const;
  const [toImage, toJointState] = [encoderOf(imageType), encoderOf(jointType)];
  const image = ros.publisher(imageType, "/image", QOS.sensor);
  const joints = ros.publisher(jointType, "/joint_states", QOS.jointStates);
  const isRead = () =>
    image.subscribers > 0 &&
    joints.subscribers > 0 &&
    [...READ].every((name) => ros.publishersOf(`${node}/${name}`).length > 0);
  while (!isRead()) await new Promise((resolve) => setTimeout(resolve, 100));
  await new Robot(robot, {
    image: (message) => image.publish(toImage(message)),
    jointState: (message) => joints.publish(toJointState(message)),
  }).run();
  ros.close();
  return { received };
}

process.once("message", async (request: RobotRequest) => {
  try {
    process.send!(await drive(request), () => process.exit(0));
  } catch (error) {
    process.stderr.write(`${(error as Error).stack}\n`);
    process.exit(1);
  }
});
