import { LEVELS } from "../../explain/explanation.js";
import { THRESHOLDS, type Thresholds } from "../../health/thresholds.js";
import { COLORMAPS } from "../../image/colormap.js";
import type { DisplayOptions } from "../../messages/display.js";
import { DEVICES } from "../../runtime/device.js";
import type { SyncOptions } from "../../sensing/sync-options.js";
import { SYNC_POLICIES } from "../../sensing/timeline.js";
import type { Spec, Table } from "./parameter-spec.js";

/** How a raw or a compressed camera topic is found and read. */
export const TRANSPORTS = ["raw", "compressed", "compressedDepth"] as const;
export type Transport = (typeof TRANSPORTS)[number];

const at = { start: "start", unconfigured: "unconfigured", always: "always" } as const;
const SECONDS = [0, 3600] as const;

const diagnostics = Object.fromEntries(
  Object.entries(THRESHOLDS).map(([name, { default: value, range, text }]) => [
    `diagnostics.${name}`,
    { type: "double", range, default: value, description: `${text}.`, changeable: at.always } satisfies Spec,
  ]),
) as Readonly<Record<`diagnostics.${keyof Thresholds}`, Extract<Spec, { type: "double" }>>>;

/** Every parameter of the node that explains. */
export const EXPLAIN_PARAMETERS = {
  policy: {
    type: "string",
    default: "",
    description: "Policy to explain, an ONNX file.",
    changeable: at.unconfigured,
  },
  card: {
    type: "string",
    default: "",
    description: "Policy card; empty: the YAML beside the policy, or its metadata.",
    changeable: at.unconfigured,
  },
  autostart: {
    type: "bool",
    default: true,
    description: "Whether the node configures and activates itself; otherwise ros2 lifecycle does.",
    changeable: at.start,
  },
  use_sim_time: {
    type: "bool",
    default: false,
    description: "Whether time is what /clock says: a simulation's or a bag's.",
    changeable: at.always,
  },
  method: {
    type: "string",
    default: "dtd",
    description: "How to explain: a method with its options, as lrp-gamma:gamma=0.5, or a composite table's YAML file.",
    changeable: at.always,
  },
  level: {
    type: "string",
    choices: ["auto", ...LEVELS],
    default: "auto",
    description: "How much to compute: auto as much as the deadline allows, or always full, shares or skip.",
    changeable: at.always,
  },
  heatmap_joint: {
    type: "string",
    default: "",
    description: "Joint whose torque alone the heatmaps explain; empty: all, weighted by their importance.",
    changeable: at.always,
  },
  budget: {
    type: "double",
    range: [0.01, 1],
    default: 0.8,
    description: "Part of the control period that an explanation may take; later is a missed deadline.",
    changeable: at.unconfigured,
  },
  threads: {
    type: "integer",
    range: [1, 256],
    default: 2,
    description: "Threads of inference.",
    changeable: at.unconfigured,
  },
  device: {
    type: "string",
    choices: DEVICES,
    default: "cpu",
    description: "What to compute on.",
    changeable: at.unconfigured,
  },
  precision: {
    type: "string",
    choices: ["exact", "fast"],
    default: "exact",
    description: "Whether heatmaps are exact, or within 1 % of their largest element in less time.",
    changeable: at.unconfigured,
  },
  image_transport: {
    type: "string",
    choices: TRANSPORTS,
    default: "raw",
    description: "Which form of the camera's topics is read: image itself, or image/compressed, image/compressedDepth.",
    changeable: at.unconfigured,
  },
  sync_policy: {
    type: "string",
    choices: SYNC_POLICIES,
    default: "interpolate",
    description: "How joint states come to an image's stamp.",
    changeable: at.always,
  },
  sync_slop: {
    type: "double",
    range: SECONDS,
    default: 0,
    description: "How far from an image's stamp joint states may be, seconds; 0: one control period.",
    changeable: at.always,
  },
  max_age: {
    type: "double",
    range: SECONDS,
    default: 0,
    description: "Images older than this are not explained, seconds; 0: ten control periods.",
    changeable: at.always,
  },
  max_future: {
    type: "double",
    range: SECONDS,
    default: 0.5,
    description: "Messages stamped further ahead of the clock are refused, seconds.",
    changeable: at.always,
  },
  episode_gap: {
    type: "double",
    range: SECONDS,
    default: 1,
    description: "Without images for longer an episode begins, and the policy's memory with it, seconds.",
    changeable: at.always,
  },
  clock_jump: {
    type: "double",
    range: SECONDS,
    default: 0.1,
    description: "An episode begins where clock or stamps jump back further than this, seconds.",
    changeable: at.always,
  },
  colormap: {
    type: "string",
    choices: COLORMAPS,
    default: "inferno",
    description: "Colours of heatmaps and markers.",
    changeable: at.always,
  },
  opacity: {
    type: "double",
    range: [0, 1],
    default: 0.85,
    description: "How much of the camera's image the largest relevance covers.",
    changeable: at.always,
  },
  negative: {
    type: "string",
    choices: ["cool", "magnitude", "hide"],
    default: "cool",
    description: "Negative relevance: in mirrored colours, by its size, or not shown.",
    changeable: at.always,
  },
  heatmap_scale: {
    type: "double",
    range: [0, 1e9],
    default: 0,
    description: "Relevance per pixel that the brightest colour stands for, N m; 0: each heatmap's own peak.",
    changeable: at.always,
  },
  heatmap_rate: {
    type: "double",
    range: [0, 1000],
    default: 0,
    description: "Heatmaps and overlays a second at most; 0: as many as there are.",
    changeable: at.always,
  },
  jpeg_quality: {
    type: "integer",
    range: [1, 100],
    default: 90,
    description: "Quality of overlay/compressed.",
    changeable: at.always,
  },
  publish_torque: {
    type: "bool",
    default: false,
    description: "Whether the policy's torques are published: the node then commands the arm, before it explains.",
    changeable: at.unconfigured,
  },
  profile: {
    type: "string",
    default: "",
    description: "Profile of the policy at work (torquelens profile) that its shares are compared with; empty: none.",
    changeable: at.always,
  },
  ...diagnostics,
} as const satisfies Table;

type Get = (name: keyof typeof EXPLAIN_PARAMETERS) => unknown;

const orDefault = (value: unknown): number | undefined => (value === 0 ? undefined : (value as number));

export const syncOf = (get: Get): SyncOptions => ({
  sync: get("sync_policy") as (typeof SYNC_POLICIES)[number],
  slop: orDefault(get("sync_slop")),
  maxAge: orDefault(get("max_age")),
  maxFuture: get("max_future") as number,
  episodeGap: get("episode_gap") as number,
  clockJump: get("clock_jump") as number,
});

export const displayOf = (get: Get): DisplayOptions => ({
  colormap: get("colormap") as DisplayOptions["colormap"],
  opacity: get("opacity") as number,
  negative: get("negative") as DisplayOptions["negative"],
  scale: orDefault(get("heatmap_scale")),
  heatmapRate: orDefault(get("heatmap_rate")),
  jpegQuality: get("jpeg_quality") as number,
});

export const thresholdsFrom = (get: Get): Thresholds =>
  Object.fromEntries(
    Object.keys(THRESHOLDS).map((name) => [name, get(`diagnostics.${name}` as "budget")]),
  ) as Thresholds;
