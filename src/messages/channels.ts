import type { Explanation } from "../explain/explanation.js";
import type { JointElements } from "../explain/joint-relevance.js";
import { toAttention, toBlendedAttention, toGreyAttention } from "./attention.js";
import type { DisplayOptions } from "./display.js";
import { EXPLANATION, RATIOS, toExplanation, toRatios } from "./explanation.js";
import { toCameraInfo, toCompressedOverlay, toHeatmap, toHeatmapInfo, toImage, toMono16, toOverlay } from "./images.js";
import type { RobotColors } from "./markers.js";
import { QOS, type Qos } from "./qos.js";
import { toDiagnostics, toJointState, toTf } from "./robot.js";
import { SIMULATION, toSimulation } from "./simulation.js";
import type { DiagnosticArrayMessage, DiagnosticStatusMessage, StringMessage } from "./types.js";

/** A message, a promise of one, or undefined where the tick has none. */
export type Converted = object | Promise<object> | undefined;

/** How explanations are shown, and on which robot; both can change during a run. */
export interface Look {
  readonly display: DisplayOptions;
  /** Undefined until a robot description is known. */
  readonly robot: RobotColors | undefined;
  /** URDF of the robot; undefined where the source does not know it. */
  readonly description: string | undefined;
  /** The newest diagnostics that come apart from explanations. */
  readonly report: DiagnosticArrayMessage | undefined;
}

/** One topic, and how an explanation becomes its message. */
export interface Channel {
  /** `explanation`: results of this package. `source`: data of the source, which a node that reads them does not repeat. */
  readonly origin: "explanation" | "source";
  /** Name without a prefix: `~/NAME` of a ROS 2 node where the origin is `explanation`. */
  readonly name: string;
  /** Topic on the live socket and in recordings. */
  readonly topic: string;
  /** Message type, `package/msg/Name`. */
  readonly type: string;
  readonly qos: Qos;
  /** `latest`: a slow reader gets only the newest message (images). */
  readonly delivery: "every" | "latest";
  /** True for heatmaps and attention, whose rate `DisplayOptions.heatmapRate` limits. */
  readonly isHeatmap: boolean;
  /** True where recordings hold it. Other channels are left out, because a recorded one holds the same data. */
  readonly recorded: boolean;
  /** The message of a latched channel: sent once to every reader, and again when it changes; never at a tick. */
  readonly latched?: (look: Look) => object | undefined;
  readonly convert: (explanation: Explanation, look: Look) => Converted;
}

export interface ChannelOptions {
  /** True for a second explanation of the same ticks: the topics of explanations alone, under `COMPARED_TOPICS`. */
  readonly isCompared?: boolean;
  /** Image modalities of the policy, one camera each. With several cameras their names are part of the topics. */
  readonly cameras?: readonly string[];
  /** The cameras with maps of attention; default none. */
  readonly attended?: readonly string[];
  /** True for a policy that is told in words what to do, which has a channel for them. */
  readonly listens?: boolean;
  /** URDF of the robot; without it, `isSimulated` and `isOfNode` there is no channel `/robot_description`. */
  readonly robotDescription?: string;
  /** The policy's elements by joint (`jointElementsOf`); without them there are no markers. */
  readonly jointElements?: JointElements;
  /** True for a simulation, which has a channel for its state. */
  readonly isSimulated?: boolean;
  /**
   * True for a node, whose robot description and diagnostics come apart from explanations: channels of both, which are
   * empty until `setRobot` and `setReport`.
   */
  readonly isOfNode?: boolean;
  /** The report that was made with an explanation, if one was. Without it and `isOfNode` there is no `/diagnostics`. */
  readonly diagnostics?: (explanation: Explanation) => readonly DiagnosticStatusMessage[] | undefined;
  /** How explanations are shown at the start. */
  readonly display?: DisplayOptions;
}

/** Prefix of the topics on which a second method explains the same ticks. */
export const COMPARED_TOPICS = "/torquelens/compare/";

/** A row of the table; the other fields of `Channel` have defaults. */
type Row = Pick<Channel, "name" | "type" | "convert"> & Partial<Channel>;

/** All topics of the live socket, of recordings and of the ROS 2 node. */
export function channelTable(options: ChannelOptions = {}): Channel[] {
  const { cameras = ["image"], robotDescription, jointElements, isSimulated = false, isOfNode = false } = options;
  const { diagnostics, attended = [], listens = false } = options;
  const named = cameras.map((camera) => [camera, cameras.length > 1 ? `/${camera}` : ""] as const);
  const ofMethod = [...SCALARS, ...named.flatMap(([camera, infix]) => heatmapRows(camera, infix))];
  // Attention and the robot are the same for a second method.
  if (options.isCompared) return ofMethod.map(comparedChannel);
  const ofPolicy = [
    ...named.flatMap(([camera, infix]) => (attended.includes(camera) ? attentionRows(camera, infix) : [])),
    ...(jointElements ? [MARKERS] : []),
  ];
  return [
    ...[...ofMethod, ...ofPolicy].map(explanationChannel),
    ...ROBOT.map(sourceChannel),
    ...(listens ? [sourceChannel(INSTRUCTION)] : []),
    ...named.flatMap(([camera, infix]) => cameraRows(camera, infix)).map(sourceChannel),
    ...(robotDescription === undefined && !isOfNode && !isSimulated ? [] : [sourceChannel(DESCRIPTION)]),
    ...(isSimulated ? [sourceChannel(STATE)] : []),
    ...(isOfNode ? [sourceChannel(REPORT)] : []),
    ...(diagnostics ? [sourceChannel(diagnosticsRow(diagnostics))] : []),
  ];
}

const DEFAULTS = { qos: QOS.reliable, delivery: "every", isHeatmap: false, recorded: true } as const;
const IMAGE = { qos: QOS.latest, delivery: "latest" } as const;
const HEATMAP = { ...IMAGE, isHeatmap: true } as const;

function explanationChannel(row: Row): Channel {
  return { ...DEFAULTS, origin: "explanation", topic: `/torquelens/${row.name}`, ...row };
}

function comparedChannel(row: Row): Channel {
  return { ...explanationChannel(row), name: `compare/${row.name}`, topic: `${COMPARED_TOPICS}${row.name}` };
}

function sourceChannel(row: Row): Channel {
  return { ...DEFAULTS, origin: "source", topic: `/${row.name}`, ...row };
}

const SCALARS: readonly Row[] = [
  {
    name: "explanation",
    type: EXPLANATION,
    convert: (explanation, { display }) => toExplanation(explanation, display),
  },
  { name: "ratios", type: RATIOS, convert: toRatios },
];

const ROBOT: readonly Row[] = [
  {
    name: "joint_states",
    type: "sensor_msgs/msg/JointState",
    convert: ({ observation }) => toJointState(observation),
  },
  {
    name: "tf",
    type: "tf2_msgs/msg/TFMessage",
    qos: { ...QOS.reliable, depth: 100 },
    convert: ({ observation }) => toTf(observation),
  },
];

/** What the robot is told to do; a reader that comes late hears it again with the next tick. */
const INSTRUCTION: Row = {
  name: "instruction",
  type: "std_msgs/msg/String",
  convert: ({ observation: { instruction } }) =>
    instruction === undefined ? undefined : ({ data: instruction } satisfies StringMessage),
};

const MARKERS: Row = {
  ...IMAGE,
  name: "markers",
  type: "visualization_msgs/msg/MarkerArray",
  convert: (explanation, { robot, display }) => robot?.markers(explanation, display.colormap),
};

function heatmapRows(camera: string, infix: string): Row[] {
  return [
    {
      ...HEATMAP,
      name: `heatmap${infix}`,
      type: "sensor_msgs/msg/Image",
      recorded: false,
      convert: (explanation) => toHeatmap(explanation, camera),
    },
    {
      ...HEATMAP,
      name: `heatmap${infix}/mono16`,
      type: "sensor_msgs/msg/Image",
      convert: (explanation, { display }) => toMono16(explanation, camera, display),
    },
    {
      ...HEATMAP,
      name: `heatmap${infix}/camera_info`,
      type: "sensor_msgs/msg/CameraInfo",
      convert: (explanation) => toHeatmapInfo(explanation, camera),
    },
    {
      ...HEATMAP,
      name: `overlay${infix}`,
      type: "sensor_msgs/msg/Image",
      recorded: false,
      convert: (explanation, { display }) => toOverlay(explanation, camera, display),
    },
    {
      ...HEATMAP,
      name: `overlay${infix}/compressed`,
      type: "sensor_msgs/msg/CompressedImage",
      convert: (explanation, { display }) => toCompressedOverlay(explanation, camera, display),
    },
  ];
}

function attentionRows(camera: string, infix: string): Row[] {
  return [
    {
      ...HEATMAP,
      name: `attention${infix}`,
      type: "sensor_msgs/msg/Image",
      recorded: false,
      convert: (explanation) => toAttention(explanation, camera),
    },
    {
      ...HEATMAP,
      name: `attention${infix}/mono16`,
      type: "sensor_msgs/msg/Image",
      convert: (explanation) => toGreyAttention(explanation, camera),
    },
    {
      ...HEATMAP,
      name: `attention${infix}/compressed`,
      type: "sensor_msgs/msg/CompressedImage",
      convert: (explanation, { display }) => toBlendedAttention(explanation, camera, display),
    },
  ];
}

function cameraRows(camera: string, infix: string): Row[] {
  return [
    {
      ...IMAGE,
      name: `camera${infix}/image`,
      type: "sensor_msgs/msg/Image",
      convert: (explanation) => toImage(explanation, camera),
    },
    {
      ...IMAGE,
      name: `camera${infix}/camera_info`,
      type: "sensor_msgs/msg/CameraInfo",
      convert: (explanation) => toCameraInfo(explanation, camera),
    },
  ];
}

const DESCRIPTION: Row = {
  name: "robot_description",
  type: "std_msgs/msg/String",
  qos: QOS.latched,
  delivery: "latest",
  latched: ({ description }) =>
    description === undefined ? undefined : ({ data: description } satisfies StringMessage),
  convert: () => undefined,
};

const STATE: Row = {
  name: "torquelens/simulation",
  type: SIMULATION,
  convert: toSimulation,
};

const DIAGNOSTICS = { name: "diagnostics", type: "diagnostic_msgs/msg/DiagnosticArray" } as const;

const REPORT: Row = { ...DIAGNOSTICS, latched: ({ report }) => report, convert: () => undefined };

function diagnosticsRow(of: NonNullable<ChannelOptions["diagnostics"]>): Row {
  return {
    ...DIAGNOSTICS,
    convert: (explanation) => {
      const status = of(explanation);
      return status && toDiagnostics(explanation.observation.stamp, status);
    },
  };
}
