import { encoderOf } from "#src/messages/cdr.js";
import type { Sample } from "../bag/recordings.js";
import { numbers } from "./heads.js";

const TICKS = 6;

/** A camera and, where there are joints, their states, twenty times a second. */
export function recording(joints: readonly string[]): Sample[] {
  const next = numbers(17);
  const encodeImage = encoderOf("sensor_msgs/msg/Image");
  const encodeJoints = encoderOf("sensor_msgs/msg/JointState");
  return Array.from({ length: TICKS }, (_, tick) => {
    const nanoseconds = 1_700_000_000_000_000_000n + BigInt(tick) * 50_000_000n;
    const stamp = { sec: Number(nanoseconds / 1_000_000_000n), nanosec: Number(nanoseconds % 1_000_000_000n) };
    const header = { stamp, frame_id: "camera" };
    const image = {
      header,
      height: 24,
      width: 32,
      encoding: "rgb8",
      is_bigendian: 0,
      step: 96,
      data: Uint8Array.from(next(32 * 24 * 3, 127), (x) => 127 + x),
    };
    const state = {
      header,
      name: [...joints],
      position: Float64Array.from(next(joints.length || 1, 1).slice(0, joints.length)),
      velocity: new Float64Array(joints.length),
      effort: new Float64Array(0),
    };
    const sample = (topic: string, type: string, data: Uint8Array) => ({ topic, type, logTime: nanoseconds, data });
    return [
      ...(joints.length > 0 ? [sample("/joint_states", "sensor_msgs/msg/JointState", encodeJoints(state))] : []),
      sample("/camera/image", "sensor_msgs/msg/Image", encodeImage(image)),
    ];
  }).flat();
}
