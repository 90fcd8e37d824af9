import { LEVELS } from "../../explain/explanation.js";
import { DISPLAY_PARAMETERS } from "../../parameters/display-parameters.js";
import { EXPLAINING_PARAMETERS } from "../../parameters/explaining-parameters.js";
import type { Table } from "../../parameters/spec.js";
import { METHODS } from "../../relevance/methods.js";
import { DEVICES } from "../../runtime/device.js";
import { DIAGNOSTICS_PARAMETERS } from "./diagnostics-parameters.js";
import { SYNC_PARAMETERS } from "./sync-parameters.js";
import { VIEWER_PARAMETERS } from "./viewer-parameters.js";

/** A part of a topic's name. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Every parameter of the node that explains. */
export const EXPLAIN_PARAMETERS = {
  policy: {
    type: "string",
    default: "",
    description: "Policy to explain, an ONNX file.",
    changeable: "unconfigured",
  },
  card: {
    type: "string",
    default: "",
    description: "Policy card; empty: the YAML file beside the policy, or the policy's metadata.",
    changeable: "unconfigured",
  },
  autostart: {
    type: "bool",
    default: true,
    description: "True: the node configures and activates itself; false: ros2 lifecycle does.",
    changeable: "start",
  },
  use_sim_time: {
    type: "bool",
    default: false,
    description: "True: time comes from /clock, of a simulation or a bag.",
    changeable: "always",
  },
  instruction: {
    type: "string",
    default: "",
    description:
      "What a policy with language is told in words, until a message on instruction replaces it; empty: only that topic says it.",
    changeable: "always",
  },
  method: EXPLAINING_PARAMETERS.method,
  compare_method: EXPLAINING_PARAMETERS.compare_method,
  level: {
    type: "string",
    choices: ["auto", ...LEVELS],
    default: "auto",
    description: "How much to compute: auto (as much as the deadline allows), or always full, shares or skip.",
    changeable: "always",
  },
  heatmap_joint: EXPLAINING_PARAMETERS.heatmap_joint,
  contrast_joint: EXPLAINING_PARAMETERS.contrast_joint,
  against_joint: EXPLAINING_PARAMETERS.against_joint,
  budget: {
    type: "double",
    range: [0.01, 1],
    default: 0.8,
    description: "Part of the control period that an explanation may take; a longer one misses its deadline.",
    changeable: "unconfigured",
  },
  threads: {
    type: "integer",
    range: [1, 256],
    default: 2,
    description: "Threads for inference.",
    changeable: "unconfigured",
  },
  device: {
    type: "string",
    choices: DEVICES,
    default: "cpu",
    description: "Device to compute on.",
    changeable: "unconfigured",
  },
  precision: {
    type: "string",
    choices: ["exact", "fast"],
    default: "exact",
    description: "exact: heatmaps are exact; fast: less time, within 1 % of the largest element.",
    changeable: "unconfigured",
  },
  omit: {
    type: "double",
    range: [-1, 0.5],
    default: -1,
    description:
      "Largest part of an image's relevance that need not be followed to its pixels; 0 computes all, below 0: 0.0005 in large networks.",
    changeable: "unconfigured",
  },
  image_transport: {
    type: "string",
    default: "raw",
    description: "raw: the images on image; NAME: the compressed images on image/NAME, such as compressed.",
    problem: (name) =>
      NAME.test(name) ? undefined : `expected raw or the last part of a topic's name, found ${JSON.stringify(name)}`,
    changeable: "unconfigured",
  },
  ...SYNC_PARAMETERS,
  ...DISPLAY_PARAMETERS,
  publish_torque: {
    type: "bool",
    default: false,
    description: "True: the node publishes the policy's torques and so commands the arm, before it explains them.",
    changeable: "unconfigured",
  },
  profile: {
    type: "string",
    default: "",
    description: "Recorded profile (torquelens profile) to compare the policy's shares with; empty: none.",
    changeable: "always",
  },
  good_runs: {
    type: "string",
    default: "",
    description:
      "Recording of explained runs that went well: with it, diagnostics also tell what is unlike them; empty: none.",
    changeable: "unconfigured",
  },
  ...VIEWER_PARAMETERS,
  methods: { ...EXPLAINING_PARAMETERS.methods, default: METHODS.map(({ name }) => name) },
  joints: EXPLAINING_PARAMETERS.joints,
  ...DIAGNOSTICS_PARAMETERS,
} as const satisfies Table;
