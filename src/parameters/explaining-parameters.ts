import type { Table } from "./spec.js";

/** What is explained, and how. */
export const EXPLAINING_PARAMETERS = {
  method: {
    type: "string",
    default: "dtd",
    description: "Method with its options, such as lrp-gamma:gamma=0.5, or the YAML file of a composite.",
    changeable: "always",
  },
  heatmap_joint: {
    type: "string",
    default: "",
    description: "Joint whose torque the heatmaps explain; empty: all joints, weighted by importance.",
    changeable: "always",
  },
} as const satisfies Table;
