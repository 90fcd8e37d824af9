import type { Bag, BagRecord, Topic } from "../bag/bag.js";
import { BagSource } from "../bag/bag-source.js";
import { decoderOf } from "../bag/decode.js";
import type { Observation } from "../explain/observation.js";
import { EXPLANATION } from "../messages/explanation.js";
import type { ExplanationMessage, Float64MultiArrayMessage, JointStateMessage } from "../messages/types.js";
import { own } from "../own.js";
import type { Policy } from "../policy/policy.js";
import { stampOf } from "../sensing/stamp.js";

/** Observations of a recording, and what was commanded at each as far as it was recorded. */
export interface Recorded {
  readonly observations: readonly Observation[];
  /** Commands in the policy's order, targets as they are, [J] each; undefined where none was recorded then. */
  readonly commands: readonly (Float64Array | undefined)[];
  /** Where the commands are from; empty where the recording has none. */
  readonly origin: string;
  /** Topics that feed the policy, each with what it is. */
  readonly topics: readonly string[];
  /** Digest of the policy that the recording's explanations name. */
  readonly policySha256: string | undefined;
}

/** Observations of a recording that are looked at, at most. */
const MOST = 96;

const ARRAYS = ["std_msgs/msg/Float64MultiArray", "std_msgs/msg/Float32MultiArray"];
const STATES = "sensor_msgs/msg/JointState";

/** A command as it was recorded. */
interface Command {
  readonly stamp: bigint;
  readonly values: ArrayLike<number>;
}

type Commands = readonly Command[];

/** A way that commands are recorded. */
interface Way {
  readonly topics: (topic: Topic) => boolean;
  /** A message's command in the policy's order; undefined where it holds none of this policy. */
  readonly read: (message: unknown, policy: Policy, record: BagRecord) => Command | undefined;
  /** True where targets are recorded as they are, not as the change from what is present. */
  readonly isAbsolute: boolean;
}

/** Ways that commands are recorded, the best first. */
const WAYS: readonly Way[] = [
  {
    topics: ({ type }) => type === EXPLANATION,
    isAbsolute: false,
    read: (message, { outputs }) => {
      const { header, torques } = message as ExplanationMessage;
      const at = outputs.map(({ name }) => torques.find(({ joint }) => joint === name)?.torque);
      return at.includes(undefined) ? undefined : { stamp: stampOf(header.stamp), values: at as number[] };
    },
  },
  {
    topics: ({ type, name }) => ARRAYS.includes(type) && /(^|\/)(\w+_)?(action|commands?)$/.test(name),
    isAbsolute: true,
    read: (message, { outputs }, { logTime }) => {
      const { layout, data } = message as Float64MultiArrayMessage;
      const names = layout.dim[0]?.label.split(",") ?? [];
      const places = outputs.map(({ name }) => names.indexOf(name));
      if (!places.includes(-1)) return { stamp: logTime, values: places.map((place) => data[place]!) };
      return data.length === outputs.length ? { stamp: logTime, values: Array.from(data) } : undefined;
    },
  },
  {
    topics: ({ type }) => type === STATES,
    isAbsolute: true,
    read: (message, { outputs }) => {
      const { header, name, effort } = message as JointStateMessage;
      if (effort.length !== name.length || !outputs.every(({ kind }) => kind === "joint_torque")) return undefined;
      const at = outputs.map((output) => effort[name.indexOf(output.name)] ?? Number.NaN);
      return at.some(Number.isNaN) || at.every((value) => value === 0)
        ? undefined
        : { stamp: stampOf(header.stamp), values: at };
    },
  },
];

/**
 * Reads a recording for a policy: observations spread over it, and the commands at their times.
 * @param seen called with every observation, in their order
 */
export async function readRecorded(
  bag: Bag,
  policy: Policy,
  seen: (observation: Observation) => void,
): Promise<Recorded> {
  const images = Math.max(0, ...bag.topics.filter(({ type }) => /Image$/.test(type)).map(({ messages }) => messages));
  const every = Math.max(1, Math.floor(images / MOST));
  const source = await BagSource.open(bag, policy);
  const observations: Observation[] = [];
  let count = 0;
  try {
    for await (const observation of source.observations()) {
      seen(observation);
      if (count++ % every === 0) observations.push(observation);
    }
  } finally {
    await source.close();
  }
  const kinds = ["image", "joint_states", "values"];
  const topics = kinds.flatMap((kind) =>
    source.topicsOf(kind).map(([subject, topic]) => `${topic}${subject && ` as ${subject}`}`),
  );
  const { policySha256, way, commands } = await commandsOf(bag, policy);
  const at = observations.map((observation) => commandAt(commands, observation, policy, way?.isAbsolute ?? false));
  const origin = at.some((command) => command !== undefined) ? (way?.origin ?? "") : "";
  return { observations, commands: at, origin, topics, policySha256 };
}

async function commandsOf(bag: Bag, policy: Policy) {
  for (const { topics, read, isAbsolute } of WAYS) {
    const wanted = bag.topics.filter((topic) => topic.messages > 0 && topics(topic));
    if (wanted.length === 0) continue;
    const decoders = new Map(wanted.map((topic) => [topic.name, decoderOf(topic, bag.path)]));
    const commands: Command[] = [];
    let policySha256: string | undefined;
    let origin = "";
    for await (const record of bag.read({ topics: new Set(decoders.keys()) })) {
      const message = decoders.get(record.topic.name)!(record.data);
      if (record.topic.type === EXPLANATION) policySha256 ??= (message as ExplanationMessage).policy_sha256;
      const command = read(message, policy, record);
      if (!command) continue;
      commands.push(command);
      origin ||= record.topic.name;
    }
    if (commands.length > 0) return { policySha256, way: { isAbsolute, origin }, commands };
  }
  return { policySha256: undefined, way: undefined, commands: [] as Commands };
}

/** Time by which a command may be from its observation, in control periods. */
const APART = 0.75;

function commandAt(commands: Commands, observation: Observation, policy: Policy, isAbsolute: boolean) {
  const apart = BigInt(Math.round(APART * policy.card.control_period * 1e9));
  let best: Command | undefined;
  const distance = ({ stamp }: Command) => {
    const between = stamp - observation.stamp;
    return between < 0n ? -between : between;
  };
  for (const command of commands) if (!best || distance(command) < distance(best)) best = command;
  if (!best || distance(best) > apart) return undefined;
  const values = Float64Array.from(best.values);
  return isAbsolute ? values : values.map((value, j) => value + presentOf(policy, observation, j));
}

/** What a target is measured from at an observation: 0 for outputs that are no targets. */
export function presentOf(policy: Policy, { values }: Pick<Observation, "values">, j: number): number {
  const { name, kind } = policy.outputs[j]!;
  if (kind !== "joint_position") return 0;
  for (const modality of policy.modalities) {
    if (modality.kind !== "values" || modality.quantity !== "joint_position") continue;
    const place = modality.elements.indexOf(name);
    const present = place < 0 ? undefined : own(values, modality.name)?.[place];
    if (present !== undefined) return present;
  }
  return 0;
}
