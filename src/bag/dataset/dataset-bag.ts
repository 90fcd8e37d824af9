import { InputError } from "../../errors.js";
import { encoderOf } from "../../messages/cdr.js";
import { messageType } from "../../messages/definitions.js";
import { toTime } from "../../messages/robot.js";
import { OUTCOME_TOPIC } from "../../outcome/outcome.js";
import { own } from "../../own.js";
import { valuesTopic } from "../../sensing/topics.js";
import type { Bag, BagRecord, Selection, Topic } from "../bag.js";
import { NO_LOSSES } from "../damage.js";
import { type EpisodeStore, type Span, type StoredFrame, sizeOfPictures } from "./store.js";

/** Log time of the first frame, and time between an episode's last frame and the next one's first, nanoseconds. */
const START = 1_000_000_000n;
const BETWEEN = 10_000_000_000n;

const SUCCESS = "next.success";

/** What a topic gets of a frame; undefined for nothing. */
type MessageOf = (frame: Frame) => object | undefined;

interface Frame extends StoredFrame {
  readonly stamp: bigint;
  readonly isLast: boolean;
}

/** A feature of the data set as a topic of a bag. */
interface Channel {
  readonly topic: Topic;
  readonly feature: string;
  readonly message: MessageOf;
  readonly encode: (message: object) => Uint8Array;
}

/**
 * A data set as a bag: `/joint_states`, images of each camera, `values/…` of other observations, `/action`, and the outcome
 * after each episode with `next.success`. Episodes follow each other in time.
 */
export class DatasetBag implements Bag {
  readonly isPacked = true;
  readonly problems: readonly string[] = [];
  readonly losses = NO_LOSSES;
  readonly topics: readonly Topic[];
  readonly start = START;
  readonly end: bigint;
  readonly messages: number;
  readonly #episodes: readonly Span[];
  readonly #channels: readonly Channel[];

  /**
   * @param path as it was named, with the range
   * @param range first and last episode, default all
   * @throws InputError for a data set without these episodes
   */
  constructor(
    readonly path: string,
    private readonly store: EpisodeStore,
    range?: readonly [first: number, last: number],
  ) {
    const [first, last] = range ?? [0, Number.POSITIVE_INFINITY];
    this.#episodes = store.episodes.filter(({ index }) => index >= first && index <= last);
    if (this.#episodes.length === 0)
      throw new InputError(`${path}: no such episode, expected some of ${runsOf(store.episodes)}`);
    store.check?.(this.#episodes);
    this.#channels = channelsOf(store, this.#episodes);
    this.topics = this.#channels.map(({ topic }) => topic);
    this.messages = this.topics.reduce((sum, { messages }) => sum + messages, 0);
    this.end = this.#beginOf(this.#episodes.length) - BETWEEN - this.#period;
  }

  async *read({ topics, start = 0n, end = 1n << 63n }: Selection = {}): AsyncGenerator<BagRecord> {
    const wanted = this.#channels.filter(({ topic }) => !topics || topics.has(topic.name));
    if (wanted.length === 0) return;
    for (const [number, episode] of this.#episodes.entries()) {
      const begin = this.#beginOf(number);
      if (begin > end || begin + BigInt(episode.length) * this.#period < start) continue;
      for await (const frame of this.#frames(episode, begin, wanted)) {
        if (frame.stamp < start || frame.stamp > end) continue;
        for (const { topic, message, encode } of wanted) {
          const given = message(frame);
          if (given) yield { topic, logTime: frame.stamp, publishTime: frame.stamp, data: encode(given) };
        }
      }
    }
  }

  close(): Promise<void> {
    return this.store.close();
  }

  get #period(): bigint {
    return BigInt(Math.round(1e9 / this.store.info.fps));
  }

  /** Log time of an episode's first frame, by its place among those that are read. */
  #beginOf(number: number): bigint {
    const before = this.#episodes.slice(0, number).reduce((sum, { length }) => sum + length, 0);
    return START + BigInt(before) * this.#period + BigInt(number) * BETWEEN;
  }

  async *#frames(episode: Span, begin: bigint, wanted: readonly Channel[]): AsyncGenerator<Frame> {
    const { position, velocity } = this.store.joints;
    const features = new Set(wanted.map(({ feature }) => feature));
    if (velocity && features.has(position) && own(this.store.info.features, velocity)) features.add(velocity);
    let i = 0;
    for await (const stored of this.store.frames(episode, [...features])) {
      yield { ...stored, stamp: begin + BigInt(i) * this.#period, isLast: i === episode.length - 1 };
      i++;
    }
  }
}

/** Most runs of numbers that are told. */
const MOST_RUNS = 8;

/** Indices in words, ascending: `0, 2 to 5, 10`. */
function runsOf(episodes: readonly Span[]): string {
  const runs: [first: number, last: number][] = [];
  for (const { index } of episodes) {
    const run = runs.at(-1);
    if (run && index <= run[1] + 1) run[1] = index;
    else runs.push([index, index]);
  }
  const words = runs.map(([first, last]) => (first === last ? `${first}` : `${first} to ${last}`));
  return [...words.slice(0, MOST_RUNS), ...(words.length > MOST_RUNS ? [`… ${runs.at(-1)![1]}`] : [])].join(", ");
}

/** A joint's name without what it holds: `elbow_flex` of `elbow_flex.pos`. */
const bare = (name: string) => name.replace(/[._](pos|position)$/, "");

const topicName = (feature: string) => `/${feature.replaceAll(".", "/")}`;

function channelsOf({ info, joints }: EpisodeStore, episodes: readonly Span[]): Channel[] {
  const frames = episodes.reduce((sum, { length }) => sum + length, 0);
  const channels: Channel[] = [];
  const add = (feature: string, name: string, type: string, message: MessageOf, messages = frames) =>
    channels.push({ topic: topicOf(name, type, messages), feature, message, encode: encoderOf(type) });
  const names = (feature: string) => (own(info.features, feature)?.names ?? []).map(bare);
  // States before the images of their time, which they complete.
  for (const [feature, { dtype, shape }] of Object.entries(info.features)) {
    if (!/^(float|int)/.test(dtype) || shape.length !== 1 || !/^(observation\.|action$)/.test(feature)) continue;
    const array: MessageOf = ({ row }) => arrayMessage(numbersOf(own(row, feature)), names(feature));
    if (feature === "action") add(feature, "/action", ARRAY, array);
    else add(feature, `/${valuesTopic(feature.split(".").at(-1)!)}`, ARRAY, array);
    if (feature !== joints.position) continue;
    add(feature, `/${valuesTopic("joint_position")}`, ARRAY, array);
    add(feature, "/joint_states", "sensor_msgs/msg/JointState", ({ row, stamp }) => {
      const position = numbersOf(own(row, feature));
      const given = names(feature);
      const name = given.length === position.length ? given : Array.from(position, (_, i) => `joint_${i}`);
      return {
        header: headerOf(stamp, ""),
        name,
        position,
        velocity: numbersOf(joints.velocity && own(row, joints.velocity)),
        effort: new Float64Array(0),
      };
    });
  }
  for (const [feature, { dtype }] of Object.entries(info.features)) {
    if (dtype === "video") add(feature, topicName(feature), "sensor_msgs/msg/Image", pictureOf(info, feature));
    if (dtype === "image")
      add(feature, `${topicName(feature)}/compressed`, "sensor_msgs/msg/CompressedImage", ({ row, stamp }) => {
        const data = bytesOf(own(row, feature));
        return data && { header: headerOf(stamp, feature), format: data[0] === 0x89 ? "png" : "jpeg", data };
      });
  }
  if (own(info.features, SUCCESS))
    add(
      SUCCESS,
      OUTCOME_TOPIC,
      "std_msgs/msg/String",
      ({ row, isLast }) => (isLast ? { data: JSON.stringify({ success: isTrue(own(row, SUCCESS)) }) } : undefined),
      episodes.length,
    );
  return channels;
}

const ARRAY = "std_msgs/msg/Float64MultiArray";

const topicOf = (name: string, type: string, messages: number): Topic => ({
  name,
  type,
  encoding: "cdr",
  schema: { encoding: "ros2msg", data: Buffer.from(messageType(type).schema) },
  metadata: new Map(),
  messages,
});

const headerOf = (stamp: bigint, frame: string) => ({ stamp: toTime(stamp), frame_id: frame });

const pictureOf =
  ({ features }: EpisodeStore["info"], feature: string): MessageOf =>
  ({ stamp, pictures }) => {
    const data = pictures.get(feature);
    const [height, width] = sizeOfPictures(own(features, feature)!.shape);
    return (
      data && {
        header: headerOf(stamp, feature),
        height,
        width,
        encoding: "rgb8",
        is_bigendian: 0,
        step: 3 * width,
        data,
      }
    );
  };

function arrayMessage(data: Float64Array, names: readonly string[]) {
  const label = names.length === data.length ? names.join(",") : "";
  return { layout: { dim: [{ label, size: data.length, stride: data.length }], data_offset: 0 }, data };
}

/** A number or a list of them. */
function numbersOf(value: unknown): Float64Array {
  if (typeof value === "number" || typeof value === "bigint") return Float64Array.of(Number(value));
  return Float64Array.from((value ?? []) as ArrayLike<number | bigint>, Number);
}

/** The file of a picture: `{ bytes, path }` as data sets keep it. */
function bytesOf(value: unknown): Uint8Array | undefined {
  const bytes = (value as { bytes?: unknown } | null | undefined)?.bytes;
  return bytes instanceof Uint8Array ? bytes : undefined;
}

/** A truth, alone or as a list of one. */
const isTrue = (value: unknown): boolean => Boolean(Array.isArray(value) ? value[0] : value);
