import { InputError } from "../errors.js";
import { EXPLANATION, RATIOS } from "../messages/explanation.js";
import { own } from "../own.js";
import type { Policy } from "../policy/policy.js";
import { FEEDERS, type Feeder, ROBOT } from "../sensing/feeders.js";
import { INSTRUCTION, ROBOT_DESCRIPTION, valuesTopic } from "../sensing/topics.js";
import type { Bag, Topic } from "./bag.js";
import { cameraTopics } from "./cameras.js";
import { jointStates, list } from "./joint-topics.js";
import { rawTopicOf } from "./transports.js";

/** Topics that a user names, where they cannot be found by type. */
export interface NamedTopics {
  /** Topic by image modality; the key `""` names that of a policy with one camera. */
  readonly image?: Readonly<Record<string, string>>;
  readonly joints?: readonly string[];
  /** Topic by modality that no sensor gives, where it is not `…/values/MODALITY`. */
  readonly given?: Readonly<Record<string, string>>;
  /** What the robot was told to do, in words, in place of what the bag says. */
  readonly instruction?: string | undefined;
  /** Constant elements of such modalities, by modality: their topics are not read. */
  readonly values?: Readonly<Record<string, ArrayLike<number>>>;
}

/** A topic of a bag that feeds an observer. */
export interface Input {
  readonly feeder: Feeder;
  /** Camera or modality, or `ROBOT`. */
  readonly subject: string;
  readonly topic: Topic;
  /** Topics that carry the same images, and are not read. */
  readonly others: readonly Topic[];
}

/** Where a finder looks. */
interface Search {
  readonly bag: Bag;
  /** Topics that belong to no explanation in the bag. */
  readonly recorded: readonly Topic[];
  /** Topics of the feeder's types that have messages and belong to no explanation in the bag. */
  readonly topics: readonly Topic[];
  readonly policy: Policy;
  readonly named: NamedTopics;
  /** What the policy needs a topic for. */
  readonly subjects: readonly string[];
}

type Found = readonly (readonly [subject: string, topic: Topic, others?: readonly Topic[]])[];

/** Feeders whose topics are not found by their default name. */
const FINDERS: Readonly<Record<string, (search: Search) => Found | Promise<Found>>> = {
  image: imageTopics,
  joint_states: jointTopics,
  values: givenTopics,
  robot_description: descriptionTopics,
  instruction: instructionTopic,
  explanation: ({ bag }) => ofType(bag.topics, [EXPLANATION]).map((topic) => [ROBOT, topic] as const),
};

/**
 * Finds the topics of every feeder by type and name; topics of an explanation that is already in the bag are left out.
 * @throws InputError where a topic is missing or several fit, which the message then names
 */
export async function findInputs(bag: Bag, policy: Policy, named: NamedTopics = {}): Promise<Input[]> {
  if (bag.messages === 0) {
    const why = bag.problems.map((line) => `; ${line.replace(`${bag.path}: `, "")}`);
    throw new InputError(`${bag.path}: no messages, expected images and joint states${why.join("")}`);
  }
  const isExplanation = explanationsOf(bag);
  const recorded = bag.topics.filter((topic) => !isExplanation(topic));
  const inputs: Input[] = [];
  const images = new Map<string, string>();
  // Images first: the names of a camera's other topics follow from theirs.
  for (const feeder of [...FEEDERS].sort((a, b) => Number(b.kind === "image") - Number(a.kind === "image"))) {
    const { kind, types, subjects } = feeder;
    const search = { bag, recorded, topics: ofType(recorded, types), policy, named, subjects: subjects(policy) };
    const found = (await own(FINDERS, kind)?.(search)) ?? byName(feeder, search, images);
    for (const [subject, topic, others = []] of found) {
      inputs.push({ feeder, subject, topic, others });
      if (kind === "image") images.set(subject, rawTopicOf(topic, recorded));
    }
  }
  return inputs;
}

/** Returns a test for topics of explanations: `NAME/explanation` and everything beside it. */
function explanationsOf(bag: Bag): (topic: Pick<Topic, "name">) => boolean {
  const roots = bag.topics
    .filter(({ type }) => type === EXPLANATION || type === RATIOS)
    .map(({ name }) => name.slice(0, name.lastIndexOf("/") + 1));
  return ({ name }) => roots.some((root) => root.length > 1 && name.startsWith(root));
}

const ofType = (topics: readonly Topic[], types: readonly string[]): Topic[] =>
  topics.filter(({ type, messages }) => messages > 0 && types.includes(type));

/** Topics that have the feeder's default name. */
function byName(feeder: Feeder, { topics, subjects }: Search, images: ReadonlyMap<string, string>): Found {
  return subjects.flatMap((subject) => {
    const name = feeder.topic(subject, images.get(subject) ?? "").replace(/^\/?/, "/");
    return topics.filter((topic) => topic.name.replace(/^\/?/, "/") === name).map((topic) => [subject, topic] as const);
  });
}

async function imageTopics({ topics: images, named: { image: named = {} }, ...search }: Search): Promise<Found> {
  const found = await cameraTopics({ ...search, images, named });
  return found.map(({ camera, topic, others }) => [camera, topic, others] as const);
}

/** `/robot_description`, or the only topic that is named so in a namespace. */
function descriptionTopics({ topics, subjects }: Search): Found {
  const named = topics.filter(({ name }) => `/${name}`.endsWith(`/${ROBOT_DESCRIPTION}`));
  const absolute = named.filter(({ name }) => name.replace(/^\/?/, "/") === `/${ROBOT_DESCRIPTION}`);
  const found = absolute.length > 0 ? absolute : named.length === 1 ? named : [];
  return subjects.flatMap((subject) => found.map((topic) => [subject, topic] as const));
}

/** `…/instruction`, where the policy is told in words what to do, unless the user says it. */
function instructionTopic({ bag, topics, subjects, named }: Search): Found {
  if (subjects.length === 0 || named.instruction !== undefined) return [];
  const found = topics.filter(({ name }) => `/${name}`.endsWith(`/${INSTRUCTION}`));
  if (found.length === 1) return [[ROBOT, found[0]!]];
  const what = found.length === 0 ? "nobody says what to do" : `several topics say what to do: ${list(found)}`;
  throw new InputError(`${bag.path}: ${what}, expected a topic …/${INSTRUCTION} or --instruction "…"`);
}

/** `…/values/MODALITY` for each modality that no sensor gives, or the named topic; those not recorded are left out. */
function givenTopics({ bag, topics: arrays, subjects: modalities, named }: Search): Found {
  const { given = {}, values = {} } = named;
  const unknown = Object.keys(given).find((name) => !modalities.includes(name));
  if (unknown !== undefined) {
    const known = modalities.join(", ") || "none: sensors give all of the policy's modalities";
    throw new InputError(`--value ${unknown}=${own(given, unknown)}: expected MODALITY one of ${known}`);
  }
  const found: [modality: string, topic: Topic][] = [];
  for (const modality of modalities) {
    if (Object.hasOwn(values, modality)) continue;
    const name = own(given, modality);
    const fits = (topic: Topic) =>
      name === undefined ? `/${topic.name}`.endsWith(`/${valuesTopic(modality)}`) : topic.name === name;
    const candidates = arrays.filter(fits);
    if (candidates.length > 1)
      throw new InputError(
        `${bag.path}: several topics may be ${modality}: ${list(candidates)} (--value ${modality}=TOPIC)`,
      );
    if (name !== undefined && candidates.length === 0)
      throw new InputError(`${bag.path}: no numbers on ${name}, expected one of ${list(arrays)}`);
    if (candidates[0]) found.push([modality, candidates[0]]);
  }
  return found;
}

/** The named topics, or those that hold the policy's joints and the others that carry the end effector. */
async function jointTopics(search: Search): Promise<Found> {
  const { bag, recorded, topics: states, policy, named } = search;
  const texts = ofType(recorded, FEEDERS.find(({ kind }) => kind === "robot_description")!.types);
  const [description] = descriptionTopics({ ...search, topics: texts, subjects: [ROBOT] });
  const found = await jointStates(bag, states, policy, { named: named.joints ?? [], description: description?.[1] });
  return found.map((topic) => [ROBOT, topic]);
}
