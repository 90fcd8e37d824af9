import { InputError } from "../errors.js";
import type { JointStateMessage } from "../messages/types.js";
import type { Policy } from "../policy/policy.js";
import { givenModalities } from "../sensing/given-values.js";
import { valuesTopic } from "../sensing/topics.js";
import { jointsOf } from "../sensing/values.js";
import type { Bag, Topic } from "./bag.js";
import { decoderOf } from "./decode.js";

/** Topics that a user names, where they are not to be found by type. */
export interface NamedTopics {
  /** Topic by image modality; the key `""` names that of a policy with one camera. */
  readonly image?: Readonly<Record<string, string>>;
  readonly joints?: readonly string[];
  /** Topic by modality that no sensor gives, where it is not `…/values/MODALITY`. */
  readonly given?: Readonly<Record<string, string>>;
  /** Elements of such modalities that are always the same, by modality: their topics do not count. */
  readonly values?: Readonly<Record<string, ArrayLike<number>>>;
}

/** Where in a bag a policy's inputs are. */
export interface Inputs {
  /** By image modality. */
  readonly cameras: ReadonlyMap<string, Topic>;
  readonly infos: ReadonlyMap<string, Topic>;
  readonly joints: readonly Topic[];
  readonly descriptions: readonly Topic[];
  readonly tf: readonly Topic[];
  readonly staticTf: readonly Topic[];
  /** By modality that no sensor gives, those that are recorded. */
  readonly given: ReadonlyMap<string, Topic>;
  /** Explanations already in the bag: they tell where episodes begin, and nothing else. */
  readonly explanations: readonly Topic[];
}

const IMAGES = new Set(["sensor_msgs/msg/Image", "sensor_msgs/msg/CompressedImage"]);
const ARRAYS = new Set(["std_msgs/msg/Float64MultiArray", "std_msgs/msg/Float32MultiArray"]);
const EXPLANATION = "torquelens/msg/Explanation";
const EXPLANATIONS = new Set([EXPLANATION, "torquelens/msg/RelevanceRatios"]);
/** Messages of each topic of joint states that are looked at for the names of joints. */
const LOOKED_AT = 20;

/**
 * Finds topics by type and name; those that an explanation already in the bag came with count for nothing.
 * @throws InputError where a topic is missing or several would do, which are then named
 */
export async function findInputs(bag: Bag, policy: Policy, named: NamedTopics = {}): Promise<Inputs> {
  if (bag.messages === 0) throw new InputError(`${bag.path}: no messages, expected images and joint states`);
  const shown = explanationsOf(bag);
  const topics = bag.topics.filter((topic) => topic.messages > 0 && !shown(topic));
  const ofType = (type: string, name: string) => topics.filter((topic) => topic.type === type && topic.name === name);
  const cameras = camerasOf(bag, topics, policy, named.image ?? {});
  const infos = new Map<string, Topic>();
  for (const [camera, { name }] of cameras) {
    const [info] = ofType("sensor_msgs/msg/CameraInfo", `${baseOf(name).replace(/[^/]*$/, "")}camera_info`);
    if (info) infos.set(camera, info);
  }
  const usesTf = policy.card.arm?.tf !== undefined;
  return {
    cameras,
    infos,
    joints: await jointTopics(bag, topics, policy, named.joints ?? []),
    descriptions: ofType("std_msgs/msg/String", "/robot_description"),
    tf: usesTf ? ofType("tf2_msgs/msg/TFMessage", "/tf") : [],
    staticTf: usesTf ? ofType("tf2_msgs/msg/TFMessage", "/tf_static") : [],
    explanations: bag.topics.filter(({ type, messages }) => type === EXPLANATION && messages > 0),
    given: givenTopics(bag, topics, policy, named),
  };
}

/** Tells topics of explanations: `NAME/explanation` and all beside it. */
export function explanationsOf(bag: Bag): (topic: Pick<Topic, "name">) => boolean {
  const roots = bag.topics
    .filter(({ type }) => EXPLANATIONS.has(type))
    .map(({ name }) => name.slice(0, name.lastIndexOf("/") + 1));
  return ({ name }) => roots.some((root) => root.length > 1 && name.startsWith(root));
}

/** A topic without the suffix of its transport. */
const baseOf = (name: string): string => name.replace(/\/compressed(Depth)?$/, "");

const list = (topics: readonly Topic[]): string => topics.map(({ name }) => name).join(", ") || "none";

function camerasOf(
  bag: Bag,
  topics: readonly Topic[],
  policy: Policy,
  named: Readonly<Record<string, string>>,
): Map<string, Topic> {
  const cameras = policy.modalities.filter(({ kind }) => kind === "image").map(({ name }) => name);
  const images = topics.filter(({ type }) => IMAGES.has(type));
  const unknown = Object.keys(named).find((name) => !cameras.includes(name) && (name !== "" || cameras.length !== 1));
  if (unknown !== undefined) {
    const found = unknown === "" ? `--image ${named[unknown]}` : `--image ${unknown}=${named[unknown]}`;
    throw new InputError(`${found}: expected MODALITY=TOPIC, MODALITY one of ${cameras.join(", ") || "none"}`);
  }
  return new Map(
    cameras.map((camera) => {
      const name = named[camera] ?? named[""];
      if (name === undefined) return [camera, cameraTopic(bag, images, camera, cameras.length > 1)];
      const topic = images.find((image) => image.name === name);
      if (topic) return [camera, topic];
      throw new InputError(`${bag.path}: no images on ${name}, expected one of ${list(images)}`);
    }),
  );
}

function cameraTopic(bag: Bag, images: readonly Topic[], camera: string, isOneOfSeveral: boolean): Topic {
  const bases = new Set(images.map(({ name }) => name));
  // Of one camera's images the raw ones.
  const raw = images.filter(({ name }) => baseOf(name) === name || !bases.has(baseOf(name)));
  const alike = raw.filter(({ name }) => name.split("/").includes(camera));
  const candidates = isOneOfSeveral ? alike : raw;
  if (candidates.length === 1) return candidates[0]!;
  const option = isOneOfSeveral ? `--image ${camera}=TOPIC` : "--image TOPIC";
  if (images.length === 0)
    throw new InputError(`${bag.path}: no images for ${camera}, expected sensor_msgs Image or CompressedImage`);
  const found = candidates.length === 0 ? `no topic named after ${camera}` : `several topics may be ${camera}`;
  throw new InputError(`${bag.path}: ${found}: ${list(candidates.length === 0 ? images : candidates)} (${option})`);
}

/** `…/values/MODALITY` for each modality that no sensor gives, or what was named; those not recorded are left out. */
function givenTopics(
  bag: Bag,
  topics: readonly Topic[],
  policy: Policy,
  { given: named = {}, values = {} }: NamedTopics,
): Map<string, Topic> {
  const modalities = givenModalities(policy).map(({ name }) => name);
  const arrays = topics.filter(({ type }) => ARRAYS.has(type));
  const unknown = Object.keys(named).find((name) => !modalities.includes(name));
  if (unknown !== undefined) {
    const known = modalities.join(", ") || "none: sensors give all of the policy's modalities";
    throw new InputError(`--value ${unknown}=${named[unknown]}: expected MODALITY one of ${known}`);
  }
  const found = new Map<string, Topic>();
  for (const modality of modalities) {
    if (modality in values) continue;
    const name = named[modality];
    const fits = (topic: Topic) =>
      name === undefined ? `/${topic.name}`.endsWith(`/${valuesTopic(modality)}`) : topic.name === name;
    const candidates = arrays.filter(fits);
    if (candidates.length > 1)
      throw new InputError(
        `${bag.path}: several topics may be ${modality}: ${list(candidates)} (--value ${modality}=TOPIC)`,
      );
    if (name !== undefined && candidates.length === 0)
      throw new InputError(`${bag.path}: no numbers on ${name}, expected one of ${list(arrays)}`);
    if (candidates[0]) found.set(modality, candidates[0]);
  }
  return found;
}

async function jointTopics(
  bag: Bag,
  topics: readonly Topic[],
  policy: Policy,
  named: readonly string[],
): Promise<Topic[]> {
  const states = topics.filter(({ type }) => type === "sensor_msgs/msg/JointState");
  const missing = named.find((name) => !states.some((topic) => topic.name === name));
  if (missing !== undefined)
    throw new InputError(`${bag.path}: no joint states on ${missing}, expected one of ${list(states)}`);
  if (named.length > 0) return states.filter(({ name }) => named.includes(name));
  if (states.length === 0) throw new InputError(`${bag.path}: no joint states, expected sensor_msgs/msg/JointState`);
  const wanted = jointsOf(policy);
  const names = await jointNames(bag, states);
  const holding = (topic: Topic) => wanted.filter((joint) => names.get(topic)!.has(joint));
  const whole = states.filter((topic) => holding(topic).length === wanted.length);
  if (whole.length === 1) return whole;
  if (whole.length > 1)
    throw new InputError(`${bag.path}: several topics hold the policy's joints: ${list(whole)} (--joints TOPIC)`);
  const parts = states.filter((topic) => holding(topic).length > 0);
  const lost = wanted.filter((joint) => !parts.some((topic) => names.get(topic)!.has(joint)));
  if (lost.length === 0) return parts;
  const found = states.map((topic) => `${topic.name} has ${[...names.get(topic)!].join(", ") || "none"}`).join("; ");
  throw new InputError(`${bag.path}: joints ${lost.join(", ")} are missing: ${found}`);
}

/** Names of joints in the first messages of each topic. */
async function jointNames(bag: Bag, states: readonly Topic[]): Promise<Map<Topic, Set<string>>> {
  const names = new Map(states.map((topic) => [topic, new Set<string>()]));
  const left = new Map(states.map((topic) => [topic, Math.min(LOOKED_AT, topic.messages)]));
  const decoders = new Map(states.map((topic) => [topic, decoderOf(topic, bag.path)]));
  for await (const { topic, data } of bag.read({ topics: new Set(states.map(({ name }) => name)) })) {
    const count = left.get(topic);
    if (count === undefined) continue;
    try {
      for (const name of (decoders.get(topic)!(data) as JointStateMessage).name) names.get(topic)!.add(name);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
    }
    if (count > 1) left.set(topic, count - 1);
    else left.delete(topic);
    if (left.size === 0) break;
  }
  return names;
}
