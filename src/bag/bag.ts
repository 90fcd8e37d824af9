import type { Losses } from "./damage.js";

/** A topic of a bag, as its recorder described it. */
export interface Topic {
  readonly name: string;
  /** `package/msg/Name`. */
  readonly type: string;
  /** Serialisation of its messages; `cdr` for ROS 2. */
  readonly encoding: string;
  /** Definition of its type, where the bag holds one. */
  readonly schema: { readonly encoding: string; readonly data: Uint8Array } | undefined;
  /** rosbag2's metadata of a topic: `offered_qos_profiles` (YAML), `topic_type_hash`. */
  readonly metadata: ReadonlyMap<string, string>;
  /** Number of messages. */
  readonly messages: number;
}

/** A message as it was recorded. */
export interface BagRecord {
  readonly topic: Topic;
  /** When it was recorded and when it was published, nanoseconds. */
  readonly logTime: bigint;
  readonly publishTime: bigint;
  /** Who published it, in a few words, where the file tells several publishers of the topic apart. */
  readonly publisher?: string | undefined;
  /** The payload, decompressed. Reading the next record does not overwrite it. */
  readonly data: Uint8Array;
}

/** The part of a bag to read. */
export interface Selection {
  /** Names of topics; default all. */
  readonly topics?: ReadonlySet<string>;
  /** First and last log time, nanoseconds. */
  readonly start?: bigint;
  readonly end?: bigint;
}

/** A recording, read only: a file, a folder of files, or several recordings as one. */
export interface Bag {
  readonly path: string;
  readonly topics: readonly Topic[];
  /** Log times of the first and the last message, nanoseconds; both 0 where there is none. */
  readonly start: bigint;
  readonly end: bigint;
  readonly messages: number;
  /** True where its messages are stored compressed. */
  readonly isPacked: boolean;
  /** Damage and losses that are known so far, one line each: reading finds more. */
  readonly problems: readonly string[];
  /** The same in numbers. */
  readonly losses: Losses;
  /**
   * Messages in the order of their log times. What is damaged is skipped and counted. Memory: the chunks whose times
   * overlap, as a rule one or two.
   * @throws InputError where the file cannot be read further
   */
  read(selection?: Selection): AsyncGenerator<BagRecord>;
  close(): Promise<void>;
}

/** Identifies a topic across files and channels. */
export const keyOf = ({ name, type, encoding }: Pick<Topic, "name" | "type" | "encoding">): string =>
  `${name} ${type} ${encoding}`;

/** `package/Name` as some recorders write it → `package/msg/Name`. */
export const fullType = (type: string): string => type.replace(/^([^/]+)\/([^/]+)$/, "$1/msg/$2");

/** `unitedTopics` by the number that a file gives each of its own topics. */
export function unitedById(own: Iterable<readonly [id: number, topic: Topic]>): Map<number, Topic> {
  const topics = [...own];
  const united = new Map(unitedTopics(topics.map(([, topic]) => topic)).map((topic) => [keyOf(topic), topic]));
  return new Map(topics.map(([id, topic]) => [id, united.get(keyOf(topic))!]));
}

/** One topic for each key, with the sum of the messages; other fields come from the first one. */
export function unitedTopics(topics: Iterable<Topic>): Topic[] {
  const united = new Map<string, Topic>();
  for (const topic of topics) {
    const before = united.get(keyOf(topic));
    const messages = (before?.messages ?? 0) + topic.messages;
    united.set(keyOf(topic), { ...(before ?? topic), schema: before?.schema ?? topic.schema, messages });
  }
  return [...united.values()];
}
