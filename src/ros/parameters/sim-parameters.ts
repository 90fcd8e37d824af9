import { taskNames } from "../../sim/tasks/tasks.js";
import type { Table } from "./parameter-spec.js";

/** Every parameter of the simulator. */
export const SIM_PARAMETERS = {
  task: {
    type: "string",
    choices: taskNames,
    default: "reacher",
    description: "Simulated task.",
    changeable: "start",
  },
  policy: {
    type: "string",
    default: "",
    description: "ONNX policy that the arm is simulated for, and that drives it; empty: the shipped one of the task.",
    changeable: "start",
  },
  card: {
    type: "string",
    default: "",
    description: "Policy card; empty: the YAML beside the policy, or its metadata.",
    changeable: "start",
  },
  driver: {
    type: "string",
    choices: ["policy", "topic"],
    default: "policy",
    description: "What commands the torques: the policy itself, or the topic torque_command.",
    changeable: "start",
  },
  width: {
    type: "integer",
    range: [0, 4096],
    default: 0,
    description: "Width of the camera's images, pixels; 0: as the policy sees them.",
    changeable: "start",
  },
  height: {
    type: "integer",
    range: [0, 4096],
    default: 0,
    description: "Height of the camera's images, pixels; 0: as the policy sees them.",
    changeable: "start",
  },
  speed: {
    type: "double",
    range: [0, 1000],
    default: 1,
    description: "Simulated seconds a second; 0: as fast as it can.",
    changeable: "start",
  },
  seed: {
    type: "integer",
    range: [0, 2 ** 31 - 1],
    default: 0,
    description: "Seed of initial states and goals.",
    changeable: "start",
  },
  targets: {
    type: "string",
    choices: ["four", "random"],
    default: "four",
    description: "Goals: the task's four conditions in turn, or anywhere in reach.",
    changeable: "start",
  },
  stamps: {
    type: "string",
    choices: ["wall", "simulated"],
    default: "wall",
    description:
      "Time of all messages: the wall clock's, so that nodes without use_sim_time follow too (at speed 1 only), or simulated time from 0.",
    changeable: "start",
  },
  paused: {
    type: "bool",
    default: false,
    description: "Whether the simulation begins standing still.",
    changeable: "start",
  },
  use_sim_time: {
    type: "bool",
    default: false,
    description: "Without effect: this node is where simulated time comes from.",
    changeable: "always",
  },
} as const satisfies Table;
