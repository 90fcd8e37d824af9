import type { Table } from "../../parameters/spec.js";
import { simulatedNames } from "../../sim/names.js";

/** Every parameter of the simulator. */
export const SIM_PARAMETERS = {
  task: {
    type: "string",
    choices: simulatedNames,
    default: "reacher",
    description: "Simulated task or world.",
    changeable: "start",
  },
  policy: {
    type: "string",
    default: "",
    description:
      "ONNX policy that drives the arm or world and whose card the simulation follows; empty: the task's shipped policy.",
    changeable: "start",
  },
  card: {
    type: "string",
    default: "",
    description: "Policy card; empty: the YAML file beside the policy, or the policy's metadata.",
    changeable: "start",
  },
  driver: {
    type: "string",
    choices: ["policy", "topic"],
    default: "policy",
    description:
      "Source of the torques or actions: the policy itself, or a topic (torque_command; of a world action or command).",
    changeable: "start",
  },
  width: {
    type: "integer",
    range: [0, 4096],
    default: 0,
    description: "Width of the camera's images, pixels; 0: that of the policy's input. Of a world 0.",
    changeable: "start",
  },
  height: {
    type: "integer",
    range: [0, 4096],
    default: 0,
    description: "Height of the camera's images, pixels; 0: that of the policy's input. Of a world 0.",
    changeable: "start",
  },
  speed: {
    type: "double",
    range: [0, 1000],
    default: 1,
    description: "Simulated seconds per second; 0: as fast as possible. Only 1 where stamps is wall.",
    changeable: "always",
  },
  condition: {
    type: "string",
    default: "",
    description: "Condition that every episode begins in; empty: they take turns. Restarts with the first episode.",
    changeable: "always",
  },
  conditions: {
    type: "string_array",
    default: [],
    description: "Conditions of the task.",
    changeable: "never",
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
    description: "Goals: the task's four conditions in turn, or random ones in reach.",
    changeable: "start",
  },
  stamps: {
    type: "string",
    choices: ["wall", "simulated"],
    default: "wall",
    description:
      "Stamps of all messages: wall (also for nodes without use_sim_time; speed 1 only), or simulated time from 0.",
    changeable: "start",
  },
  paused: {
    type: "bool",
    default: false,
    description: "True: the simulation starts paused. Then the service ~/pause sets it.",
    changeable: "start",
  },
  use_sim_time: {
    type: "bool",
    default: false,
    description: "No effect: this node is the source of simulated time.",
    changeable: "always",
  },
} as const satisfies Table;
