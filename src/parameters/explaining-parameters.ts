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
  compare_method: {
    type: "string",
    default: "",
    description: "Second method, which explains the same ticks on compare/…; empty: none.",
    changeable: "always",
  },
  methods: {
    type: "string_array",
    default: [],
    description: "Names of all methods.",
    changeable: "never",
  },
  joints: {
    type: "string_array",
    default: [],
    description: "Joints of the policy.",
    changeable: "never",
  },
  contrast_joint: {
    type: "string",
    default: "",
    description:
      "Joint whose torque the heatmaps explain rather than the other joints'; needs a method that tells torques apart, such as lrp-gamma:soft-argmax=gradient. Empty: none.",
    changeable: "always",
  },
} as const satisfies Table;
