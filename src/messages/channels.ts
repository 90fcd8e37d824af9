import type { Explanation } from "../explain/explanation.js";
import type { JointElements } from "../explain/joint-relevance.js";
import type { DisplayOptions } from "./display.js";
import { EXPLANATION, RATIOS, toExplanation, toRatios } from "./explanation.js";
import { toCameraInfo, toCompressedOverlay, toHeatmap, toHeatmapInfo, toImage, toMono16, toOverlay } from "./images.js";
import type { RobotColors } from "./markers.js";
import { QOS, type Qos } from "./qos.js";
import { toJointState, toTf } from "./robot.js";
import type { StringMessage } from "./types.js";

/** What a conversion gives: a message, a message to come, or nothing for this tick. */
export type Converted = object | Promise<object> | undefined;

/** What may change while a run goes on: how explanations are shown, and on which robot. */
export interface Look {
  readonly display: DisplayOptions;
  /** Undefined as long as no description of the robot has come. */
  readonly robot: RobotColors | undefined;
}

/** One topic: what it carries and how an explanation becomes its message. */
export interface Channel {
  /** `explanation`: this package made it. `source`: it was there before; a node that listens to it does not repeat it. */
  readonly origin: "explanation" | "source";
  /** Name without a prefix: `~/NAME` of a ROS 2 node where the origin is `explanation`. */
  readonly name: string;
  /** Name on the live socket and in recordings. */
  readonly topic: string;
  /** Message type, `package/msg/Name`. */
  readonly type: string;
  readonly qos: Qos;
  /** Whether a reader wants every message, or only the latest where it cannot keep up (images). */
  readonly wanted: "every" | "latest";
  /** Whether it shows heatmaps, whose rate `DisplayOptions.heatmapRate` limits. */
  readonly isHeatmap: boolean;
  /** Whether recordings hold it; what they leave out is in another channel in another form. */
  readonly recorded: boolean;
  /** A message that never changes, for every new reader; such a channel has nothing to say at a tick. */
  readonly latched?: object;
  readonly convert: (explanation: Explanation, look: Look) => Converted;
}

export interface ChannelOptions {
  /** Image modalities of the policy, one camera each. With several, their names are part of the topics. */
  readonly cameras?: readonly string[];
  /** URDF of the robot; without it there is no `/robot_description`. */
  readonly robotDescription?: string;
  /** The policy's elements by joint (`jointElementsOf`); without them there are no markers. */
  readonly jointElements?: JointElements;
  /** How it is shown at first. */
  readonly display?: DisplayOptions;
}

/** What a row of the table must say; the rest follows from it. */
type Row = Pick<Channel, "name" | "type" | "convert"> & Partial<Channel>;

/** Every topic that sinks offer: the one table behind the live socket, bags and ROS 2. */
export function channelTable(options: ChannelOptions = {}): Channel[] {
  const { cameras = ["image"], robotDescription, jointElements } = options;
  const named = cameras.map((camera) => [camera, cameras.length > 1 ? `/${camera}` : ""] as const);
  return [
    ...SCALARS.map(explanationChannel),
    ...named.flatMap(([camera, infix]) => heatmapRows(camera, infix)).map(explanationChannel),
    ...(jointElements ? [explanationChannel(MARKERS)] : []),
    ...ROBOT.map(sourceChannel),
    ...named.flatMap(([camera, infix]) => cameraRows(camera, infix)).map(sourceChannel),
    ...(robotDescription === undefined ? [] : [sourceChannel(descriptionRow(robotDescription))]),
  ];
}

const DEFAULTS = { qos: QOS.reliable, wanted: "every", isHeatmap: false, recorded: true } as const;
const IMAGE = { qos: QOS.latest, wanted: "latest" } as const;
const HEATMAP = { ...IMAGE, isHeatmap: true } as const;

function explanationChannel(row: Row): Channel {
  return { ...DEFAULTS, origin: "explanation", topic: `/torquelens/${row.name}`, ...row };
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

function descriptionRow(data: string): Row {
  const latched: StringMessage = { data };
  return {
    name: "robot_description",
    type: "std_msgs/msg/String",
    qos: QOS.latched,
    wanted: "latest",
    latched,
    convert: () => undefined,
  };
}
