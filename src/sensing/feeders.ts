import { EPISODE_START, EXPLANATION } from "../messages/explanation.js";
import { QOS, type Qos } from "../messages/qos.js";
import type {
  CameraInfoMessage,
  ExplanationMessage,
  Float64MultiArrayMessage,
  JointStateMessage,
  StringMessage,
  TfMessage,
} from "../messages/types.js";
import type { Policy } from "../policy/policy.js";
import { givenModalities } from "./given-values.js";
import type { Match } from "./match.js";
import type { Observer } from "./observer.js";
import type { CameraMessage } from "./observing.js";
import { stampOf } from "./stamp.js";
import { INSTRUCTION, JOINT_STATES, ROBOT_DESCRIPTION, TF, valuesTopic } from "./topics.js";
import { jointsOf } from "./values.js";

/** What is known of a message besides its contents. */
export interface Origin {
  /** Who sent it, in a few words. */
  readonly publisher?: string | undefined;
  /** Frees the message's memory. */
  readonly release?: (() => void) | undefined;
}

/** Observations that a message completed. */
export type Fed = readonly Match[] | Promise<readonly Match[]>;

interface Row<Message> {
  /** Name of the row, unique. */
  readonly kind: string;
  /** Message types that can be read; a ROS 2 node subscribes to the first. */
  readonly types: readonly [string, ...string[]];
  /** What of a policy has such a topic of its own: cameras, modalities, or `ROBOT` for a single topic. */
  readonly subjects: (policy: Policy) => readonly string[];
  /**
   * Default topic, absolute or relative to a node's namespace.
   * @param images topic of a camera's images, without the transport's suffix; empty where the subject is no camera
   */
  readonly topic: (subject: string, images: string) => string;
  /** Name in the observer's counters. */
  readonly counter: (subject: string) => string;
  /** What a ROS 2 node subscribes with. */
  readonly qos: Qos;
  /** A second subscription, opened where a publisher keeps its last message for late subscribers. */
  readonly latchedQos?: Qos;
  /** True where diagnostics expect messages all the time. */
  readonly isContinuous?: boolean;
  /**
   * How long a recorded message holds: `onward` until the next one, also past the start of a replay; `throughout` also
   * for what was recorded before the first one. Left out: it describes its stamp.
   */
  readonly holds?: "onward" | "throughout";
  /** True for topics that only recordings are read for. */
  readonly isRecordedOnly?: boolean;
  /** Gives a message to the observer. */
  readonly feed: (observer: Observer, message: Message, subject: string, from?: Origin) => Fed;
}

/** A kind of topic that feeds an observer. */
export type Feeder = Row<unknown>;

/** Subject of a topic that a robot has one of. */
export const ROBOT = "";

const NOTHING: readonly Match[] = [];
const robot = () => [ROBOT];
const cameras = ({ modalities }: Policy) => modalities.filter(({ kind }) => kind === "image").map(({ name }) => name);
/** A policy that sees and moves no joint needs no states of joints, unless they alone say when. */
const robotWithJoints = (policy: Policy) =>
  cameras(policy).length > 0 && jointsOf(policy).length === 0 && !policy.card.arm ? [] : [ROBOT];
const listening = ({ language }: Policy) => (language ? [ROBOT] : []);
const robotWithTf = ({ card }: Policy) => (card.arm?.tf === undefined ? [] : [ROBOT]);

/** A row whose messages are of one of its types, which whoever reads them checks. */
const row = <Message>(fields: Row<Message>) => fields as Feeder;

/** Every topic that observations are made of: the one table behind the ROS 2 node and recordings. */
export const FEEDERS: readonly Feeder[] = [
  row<CameraInfoMessage>({
    kind: "camera_info",
    types: ["sensor_msgs/msg/CameraInfo"],
    subjects: cameras,
    topic: (_, images) => images.replace(/[^/]*$/, "camera_info"),
    counter: (camera) => `${camera}/camera_info`,
    qos: QOS.sensor,
    holds: "throughout",
    feed: (observer, message, camera) => {
      observer.cameraInfo(camera, message);
      return NOTHING;
    },
  }),
  row<CameraMessage>({
    kind: "image",
    types: ["sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"],
    subjects: cameras,
    topic: (_, images) => images,
    counter: (camera) => camera,
    qos: QOS.sensor,
    isContinuous: true,
    feed: (observer, message, camera, from) => observer.image(camera, message, from?.release, from?.publisher),
  }),
  row<JointStateMessage>({
    kind: "joint_states",
    types: ["sensor_msgs/msg/JointState"],
    subjects: robotWithJoints,
    topic: () => "joint_states",
    counter: () => JOINT_STATES,
    qos: QOS.states,
    isContinuous: true,
    feed: (observer, message, _, from) => observer.jointState(message, from?.publisher),
  }),
  row<StringMessage>({
    kind: "robot_description",
    types: ["std_msgs/msg/String"],
    subjects: robot,
    topic: () => "robot_description",
    counter: () => ROBOT_DESCRIPTION,
    qos: QOS.latched,
    holds: "throughout",
    feed: async (observer, { data }) => {
      await observer.robotDescription(data);
      return NOTHING;
    },
  }),
  row<Float64MultiArrayMessage>({
    kind: "values",
    types: ["std_msgs/msg/Float64MultiArray", "std_msgs/msg/Float32MultiArray"],
    subjects: (policy) => givenModalities(policy).map(({ name }) => name),
    topic: valuesTopic,
    counter: valuesTopic,
    qos: QOS.values,
    latchedQos: QOS.latched,
    holds: "onward",
    feed: (observer, message, modality) => observer.givenValues(modality, message),
  }),
  row<StringMessage>({
    kind: "instruction",
    types: ["std_msgs/msg/String"],
    subjects: listening,
    topic: () => INSTRUCTION,
    counter: () => INSTRUCTION,
    qos: QOS.values,
    latchedQos: QOS.latched,
    holds: "onward",
    feed: (observer, { data }) => observer.instruction(data),
  }),
  row<TfMessage>({
    kind: "tf",
    types: ["tf2_msgs/msg/TFMessage"],
    subjects: robotWithTf,
    topic: () => "/tf",
    counter: () => TF,
    qos: QOS.states,
    feed: (observer, message) => observer.transforms(message),
  }),
  row<TfMessage>({
    kind: "tf_static",
    types: ["tf2_msgs/msg/TFMessage"],
    subjects: robotWithTf,
    topic: () => "/tf_static",
    counter: () => TF,
    qos: { ...QOS.latched, depth: 100 },
    holds: "onward",
    feed: (observer, message) => observer.transforms(message, true),
  }),
  row<ExplanationMessage>({
    // An explanation that is already in a recording says where its recorder began an episode.
    kind: "explanation",
    types: [EXPLANATION],
    subjects: robot,
    topic: () => "explanation",
    counter: () => "explanation",
    qos: QOS.reliable,
    isRecordedOnly: true,
    feed: (observer, { flags, header }) => {
      if (flags.includes(EPISODE_START)) observer.begins(stampOf(header.stamp));
      return NOTHING;
    },
  }),
];
