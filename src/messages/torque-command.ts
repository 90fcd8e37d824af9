import type { Float64MultiArrayMessage } from "./types.js";

/**
 * Torques, N·m, as effort controllers take them: one row in the order of their joints, whose names label the row.
 * @param torque one a joint
 */
export function toTorqueCommand(joints: readonly string[], torque: Float64Array): Float64MultiArrayMessage {
  const { length } = torque;
  return {
    layout: { dim: [{ label: joints.join(","), size: length, stride: length }], data_offset: 0 },
    data: torque.slice(),
  };
}
