import type { Float64MultiArrayMessage } from "./types.js";

/**
 * Torques, N·m, for effort controllers: one row in the order of the joints, whose names are its label.
 * @param torque one a joint
 */
export function toTorqueCommand(joints: readonly string[], torque: Float64Array): Float64MultiArrayMessage {
  const { length } = torque;
  return {
    layout: { dim: [{ label: joints.join(","), size: length, stride: length }], data_offset: 0 },
    data: torque.slice(),
  };
}
