import type { Explanation } from "../explain/explanation.js";
import type { OverlayOptions } from "../explain/overlay.js";
import { compileEncoder } from "./cdr.js";
import { messageType } from "./definitions.js";
import { toExplanation, toRatios } from "./explanation.js";
import { toImage, toMono16, toOverlay } from "./images.js";
import type { Qos } from "./qos.js";
import { toJointState, toTf } from "./robot.js";
import type { StringMessage } from "./types.js";

/** What a conversion gives: a message, a message to come, or nothing for this tick. */
export type Converted = object | Promise<object> | undefined;

/** One topic: what it carries and how an explanation becomes its message. */
export interface Channel {
  readonly topic: string;
  /** Message type, `package/msg/Name`. */
  readonly type: string;
  readonly qos: Qos;
  /** Whether a reader wants every message, or only the latest where it cannot keep up (images). */
  readonly wanted: "every" | "latest";
  /** A message that never changes, for every new reader; such a channel has nothing to say at a tick. */
  readonly latched?: object;
  readonly convert: (explanation: Explanation) => Converted;
}

export interface ChannelOptions extends OverlayOptions {
  /** Image modalities of the policy, one camera each. With several, their names are part of the topics. */
  readonly cameras?: readonly string[];
  /** URDF of the robot; without it there is no `/robot_description`. */
  readonly robotDescription?: string;
}

const EVERY: Qos = { reliability: "reliable", durability: "volatile", depth: 10 };
const LATEST: Qos = { reliability: "reliable", durability: "volatile", depth: 1 };
const TF: Qos = { reliability: "reliable", durability: "volatile", depth: 100 };
const LATCHED: Qos = { reliability: "reliable", durability: "transient_local", depth: 1 };

/** Every topic that sinks offer: the one table behind the live socket, bags and ROS 2. */
export function channelTable(options: ChannelOptions = {}): Channel[] {
  const { cameras = ["image"], robotDescription } = options;
  const table: Channel[] = [
    {
      topic: "/torquelens/explanation",
      type: "torquelens/msg/Explanation",
      qos: EVERY,
      wanted: "every",
      convert: (explanation) => toExplanation(explanation, options),
    },
    {
      topic: "/torquelens/ratios",
      type: "torquelens/msg/RelevanceRatios",
      qos: EVERY,
      wanted: "every",
      convert: toRatios,
    },
    {
      topic: "/joint_states",
      type: "sensor_msgs/msg/JointState",
      qos: EVERY,
      wanted: "every",
      convert: ({ observation }) => toJointState(observation),
    },
    {
      topic: "/tf",
      type: "tf2_msgs/msg/TFMessage",
      qos: TF,
      wanted: "every",
      convert: ({ observation }) => toTf(observation),
    },
  ];
  for (const camera of cameras) table.push(...imageChannels(camera, cameras.length > 1 ? `/${camera}` : "", options));
  if (robotDescription !== undefined) {
    const latched: StringMessage = { data: robotDescription };
    table.push({
      topic: "/robot_description",
      type: "std_msgs/msg/String",
      qos: LATCHED,
      wanted: "latest",
      latched,
      convert: () => undefined,
    });
  }
  return table;
}

function imageChannels(camera: string, infix: string, options: OverlayOptions): Channel[] {
  return [
    {
      topic: `/camera${infix}/image`,
      type: "sensor_msgs/msg/Image",
      qos: LATEST,
      wanted: "latest",
      convert: (explanation) => toImage(explanation, camera),
    },
    {
      topic: `/torquelens/heatmap${infix}/mono16`,
      type: "sensor_msgs/msg/Image",
      qos: LATEST,
      wanted: "latest",
      convert: (explanation) => toMono16(explanation, camera, options),
    },
    {
      topic: `/torquelens/overlay${infix}/compressed`,
      type: "sensor_msgs/msg/CompressedImage",
      qos: LATEST,
      wanted: "latest",
      convert: (explanation) => toOverlay(explanation, camera, options),
    },
  ];
}

/** CDR bytes of a channel's message, or a promise of them, or `undefined` where the tick has none. */
export type Encoded = Uint8Array | Promise<Uint8Array | undefined> | undefined;

/**
 * Encodes a table's messages as CDR, on demand. What was encoded for the newest explanation is kept until the next
 * one comes, so that several sinks and clients share the work: give all sinks of a run the same encoder.
 */
export class ChannelEncoder {
  readonly channels: readonly Channel[];
  readonly #write: ReadonlyMap<Channel, (message: object) => Uint8Array>;
  #newest: Explanation | undefined;
  readonly #encoded = new Map<Channel, Encoded>();

  constructor(options: ChannelOptions = {}) {
    this.channels = channelTable(options);
    this.#write = new Map(this.channels.map((channel) => [channel, compileEncoder(messageType(channel.type))]));
  }

  /** The message of a channel of this table for an explanation. */
  encode(channel: Channel, explanation: Explanation): Encoded {
    if (explanation !== this.#newest) {
      this.#encoded.clear();
      this.#newest = explanation;
    }
    if (this.#encoded.has(channel)) return this.#encoded.get(channel);
    const message = channel.convert(explanation);
    const write = this.#write.get(channel)!;
    const encoded = message instanceof Promise ? message.then(write) : message && write(message);
    this.#encoded.set(channel, encoded);
    return encoded;
  }

  /** The message that a latched channel never changes. */
  encodeLatched(channel: Channel): Uint8Array | undefined {
    return channel.latched && this.#write.get(channel)!(channel.latched);
  }
}
