import { InputError } from "../errors.js";
import type { InputCounts } from "../health/facts.js";
import { discard } from "../messages/discard.js";
import type { Qos } from "../messages/qos.js";
import type { CameraInfoMessage, Float64MultiArrayMessage, JointStateMessage, TfMessage } from "../messages/types.js";
import type { Match } from "../sensing/match.js";
import type { Observer } from "../sensing/observer.js";
import { JOINT_STATES, ROBOT_DESCRIPTION, TF, valuesTopic } from "../sensing/topics.js";
import type { Transport } from "./parameters/explain-parameters.js";
import { mismatch, QOS, type QosOverrides } from "./qos.js";
import type { Fields, RosNode, Subscription, Take } from "./ros.js";

type CameraMessage = Parameters<Observer["image"]>[1];

export interface InputsOptions {
  readonly observer: Observer;
  readonly transport: Transport;
  /** Whether the card takes frames from tf. */
  readonly wantsTf: boolean;
  /** Modalities that no sensor gives; each has a topic of its own. */
  readonly given: readonly string[];
  readonly qos: QosOverrides;
  /** Takes what the messages have completed. */
  readonly matched: (match: Match) => void;
  /** Takes the robot's description, after the observer; throws InputError for one that is wrong. */
  readonly described: (urdf: string) => void;
  /** Told of a message that cannot be used. */
  readonly problem: (topic: string, reason: string) => void;
}

/** A subscription, and what it is called in the observer's counters. */
interface Input {
  readonly name: string;
  readonly type: string;
  readonly qos: Qos;
  readonly subscription: Subscription;
}

/** Topics of a policy's cameras, by modality: `image` of a single one, else each by its name. */
export function cameraTopics(ros: RosNode, cameras: readonly string[], transport: Transport) {
  return cameras.map((camera) => {
    const base = ros.resolveTopic(cameras.length > 1 ? `${camera}/image` : "image");
    return {
      camera,
      // What a user remaps is the base; the transport's suffix comes after, as in image_transport.
      topic: transport === "raw" ? base : `${base}/${transport}`,
      info: `${base.slice(0, base.lastIndexOf("/"))}/camera_info`,
    };
  });
}

/** The subscriptions that feed an observer. */
export class Inputs {
  readonly #inputs: Input[] = [];
  /** Publishers whose messages cannot come, by resolved topic. */
  #mismatches: Readonly<Record<string, number>> = {};
  /** Descriptions of the robot that were none. */
  #notUrdf = 0;

  constructor(
    private readonly ros: RosNode,
    private readonly options: InputsOptions,
  ) {
    const { observer, transport, wantsTf, given } = options;
    const image = transport === "raw" ? "sensor_msgs/msg/Image" : "sensor_msgs/msg/CompressedImage";
    for (const { camera, topic, info } of cameraTopics(ros, observer.cameras, transport)) {
      this.#listen(`${camera}/camera_info`, "sensor_msgs/msg/CameraInfo", info, QOS.sensor, (message) => {
        observer.cameraInfo(camera, message as unknown as CameraInfoMessage);
      });
      this.#listen(camera, image, topic, QOS.sensor, (message, bytes) => {
        const release = bytes && (() => discard(bytes));
        this.#take(observer.image(camera, message as unknown as CameraMessage, release));
      });
    }
    this.#listen(JOINT_STATES, "sensor_msgs/msg/JointState", "joint_states", QOS.jointStates, (message) => {
      this.#take(observer.jointState(message as unknown as JointStateMessage));
    });
    this.#listen(ROBOT_DESCRIPTION, "std_msgs/msg/String", "robot_description", QOS.latched, ({ data }) =>
      this.#describe(data as string),
    );
    for (const modality of given) this.#listen(valuesTopic(modality), ...this.#values(modality, QOS.values));
    this.#hearLatched();
    if (!wantsTf) return;
    const tf = (isStatic: boolean) => (message: Fields) => {
      this.#take(observer.transforms(message as unknown as TfMessage, isStatic));
    };
    this.#listen(TF, "tf2_msgs/msg/TFMessage", "/tf", QOS.jointStates, tf(false));
    this.#listen(TF, "tf2_msgs/msg/TFMessage", "/tf_static", { ...QOS.latched, depth: 100 }, tf(true));
  }

  /** Topics that have to keep coming. */
  get continuous(): readonly string[] {
    const { cameras } = this.options.observer;
    return this.#inputs
      .filter(({ name }) => name === JOINT_STATES || cameras.includes(name))
      .map(({ subscription }) => subscription.topic);
  }

  /** The topic that the observer's counters call by a name. */
  topicOf(name: string): string {
    return this.#inputs.find((input) => input.name === name)?.subscription.topic ?? name;
  }

  /** What came in, by resolved topic. */
  counts(): InputCounts {
    const { topics, ...totals } = this.options.observer.counters();
    const named: Record<string, InputCounts["topics"][string]> = {};
    for (const [name, counts] of Object.entries(topics)) named[this.topicOf(name)] = counts;
    const add = (topic: string, more: Readonly<Record<string, number>>) => {
      const { received = 0, dropped = {} } = named[topic] ?? {};
      named[topic] = { received, dropped: { ...dropped, ...more } };
    };
    if (this.#notUrdf > 0) add(this.topicOf(ROBOT_DESCRIPTION), { not_urdf: this.#notUrdf });
    for (const [topic, publishers] of Object.entries(this.#mismatches))
      add(topic, { publishers_that_do_not_match: publishers });
    return { ...totals, topics: named };
  }

  /** Looks for publishers whose messages never come, of another type or quality of service. */
  check(problem: (topic: string, reason: string) => void): void {
    this.#hearLatched();
    const mismatches: Record<string, number> = {};
    for (const topic of new Set(this.#inputs.map(({ subscription }) => subscription.topic))) {
      const wanted = this.#inputs.filter(({ subscription }) => subscription.topic === topic);
      for (const offered of this.ros.publishersOf(topic)) {
        const reasons = wanted.map((one) => mismatch(one, offered));
        const [reason] = reasons;
        // One of several subscriptions is enough.
        if (reason === undefined || reasons.includes(undefined)) continue;
        mismatches[topic] = (mismatches[topic] ?? 0) + 1;
        problem(topic, reason);
      }
    }
    this.#mismatches = mismatches;
  }

  close(): void {
    for (const { subscription } of this.#inputs) subscription.close();
  }

  #listen(name: string, type: string, topic: string, wanted: Qos, take: Take): void {
    const qos = this.options.qos.of(this.ros.resolveTopic(topic), "subscription", wanted);
    const subscription = this.ros.subscribe(type, topic, qos, take);
    this.#inputs.push({ name, type, qos, subscription });
  }

  /** How values of a modality that no sensor gives are listened to. */
  #values(modality: string, qos: Qos): [type: string, topic: string, qos: Qos, take: (message: Fields) => void] {
    const take = (message: Fields) =>
      this.#take(this.options.observer.givenValues(modality, message as unknown as Float64MultiArrayMessage));
    return ["std_msgs/msg/Float64MultiArray", valuesTopic(modality), qos, take];
  }

  /**
   * A goal that was said once, before this node came, is heard only by a subscription that asks for it; a publisher that
   * keeps nothing would complain of one. So it is opened where there is such a publisher.
   */
  #hearLatched(): void {
    for (const modality of this.options.given) {
      const name = valuesTopic(modality);
      const [first, latched] = this.#inputs.filter((input) => input.name === name);
      const offers = this.ros.publishersOf(first!.subscription.topic);
      if (!latched && offers.some(({ durability }) => durability === "transient_local"))
        this.#listen(name, ...this.#values(modality, QOS.latched));
    }
  }

  async #describe(urdf: string): Promise<void> {
    const { observer, described, problem } = this.options;
    await observer.robotDescription(urdf);
    try {
      described(urdf);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      this.#notUrdf++;
      problem(this.topicOf(ROBOT_DESCRIPTION), error.message);
    }
  }

  #take(matches: readonly Match[]): void {
    for (const match of matches) this.options.matched(match);
  }
}
