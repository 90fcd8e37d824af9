import type { Table } from "./spec.js";
import { SUBJECT } from "./subject.js";

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
    description: SUBJECT.heatmapOf.description,
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
    description: "Joints of the policy, or what else it commands or chooses among.",
    changeable: "never",
  },
  contrast_joint: {
    type: "string",
    default: "",
    description: SUBJECT.contrast.description,
    changeable: "always",
  },
  against_joint: {
    type: "string",
    default: "",
    description: SUBJECT.against.description,
    changeable: "always",
  },
} as const satisfies Table;
