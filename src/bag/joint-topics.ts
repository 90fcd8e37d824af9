import { InputError } from "../errors.js";
import type { JointStateMessage, StringMessage } from "../messages/types.js";
import type { Policy } from "../policy/policy.js";
import { KnownArm } from "../sensing/arm-model.js";
import { jointsOf } from "../sensing/values.js";
import type { Bag, Topic } from "./bag.js";
import { decoderOf } from "./decode.js";

/** Messages of each topic that are looked at before the bag is read. */
const LOOKED_AT = 20;

/** Names of the joints on each topic. */
type Names = ReadonlyMap<Topic, ReadonlySet<string>>;

export const list = (topics: readonly Topic[]): string => topics.map(({ name }) => name).join(", ") || "none";

/**
 * The topics of joint states that are read: the named ones, or those that hold the policy's joints, and those that hold
 * the other joints that carry the end effector, as far as they are recorded; none for a policy without joints.
 * @param states all topics of joint states
 * @throws InputError where a topic or a joint is missing, or several topics hold the same joints
 */
export async function jointStates(
  bag: Bag,
  states: readonly Topic[],
  policy: Policy,
  { named, description }: { readonly named: readonly string[]; readonly description: Topic | undefined },
): Promise<readonly Topic[]> {
  const missing = named.find((name) => !states.some((topic) => topic.name === name));
  if (missing !== undefined)
    throw new InputError(`${bag.path}: no joint states on ${missing}, expected one of ${list(states)}`);
  if (named.length > 0) return states.filter(({ name }) => named.includes(name));
  const wanted = jointsOf(policy);
  if (wanted.length === 0) return [];
  if (states.length === 0) throw new InputError(`${bag.path}: no joint states, expected sensor_msgs/msg/JointState`);
  const names = await jointNames(bag, states);
  const own = holding(bag, names, wanted, "the policy's joints");
  const lost = without(names, own, wanted);
  if (lost.length > 0) {
    const found = states.map((topic) => `${topic.name} has ${[...names.get(topic)!].join(", ") || "none"}`).join("; ");
    throw new InputError(`${bag.path}: joints ${lost.join(", ")} are missing: ${found}`);
  }
  if (own.length === states.length) return own;
  const others = without(names, own, await carrying(bag, policy, description));
  const recorded = others.filter((joint) => states.some((topic) => names.get(topic)!.has(joint)));
  if (recorded.length === 0) return own;
  const carry = recorded.length === 1 ? "carries" : "carry";
  const more = holding(bag, names, recorded, `${recorded.join(", ")}, which ${carry} the end effector`);
  return states.filter((topic) => own.includes(topic) || more.includes(topic));
}

/** The only topic that holds all of these joints, or all that hold some. */
function holding(bag: Bag, names: Names, joints: readonly string[], what: string): readonly Topic[] {
  const held = (topic: Topic) => joints.filter((joint) => names.get(topic)!.has(joint)).length;
  const whole = [...names.keys()].filter((topic) => held(topic) === joints.length);
  if (whole.length > 1)
    throw new InputError(`${bag.path}: several topics hold ${what}: ${list(whole)} (--joints TOPIC)`);
  return whole.length === 1 ? whole : [...names.keys()].filter((topic) => held(topic) > 0);
}

const without = (names: Names, topics: readonly Topic[], joints: readonly string[]): string[] =>
  joints.filter((joint) => !topics.some((topic) => names.get(topic)!.has(joint)));

/** The joints that the policy does not command and that carry the end effector, by the card's file or a description. */
async function carrying(bag: Bag, policy: Policy, description: Topic | undefined): Promise<readonly string[]> {
  if (policy.card.arm === undefined) return [];
  const arm = new KnownArm(policy);
  try {
    await arm.load();
    if (!arm.model && description) {
      await lookAt(bag, [description], async (_, message) => {
        if (!arm.model) await arm.describe((message as StringMessage).data);
      });
    }
    return arm.model?.others.carrying ?? [];
  } finally {
    arm.delete();
  }
}

/** Names of the joints in the first messages of each topic. */
async function jointNames(bag: Bag, states: readonly Topic[]): Promise<Names> {
  const names = new Map(states.map((topic) => [topic, new Set<string>()]));
  await lookAt(bag, states, (topic, message) => {
    for (const name of (message as JointStateMessage).name) names.get(topic)!.add(name);
  });
  return names;
}

/** Takes the first messages of each topic; those that do not fit their definition are left out. */
async function lookAt(
  bag: Bag,
  topics: readonly Topic[],
  take: (topic: Topic, message: unknown) => void | Promise<void>,
): Promise<void> {
  const left = new Map(topics.map((topic) => [topic, Math.min(LOOKED_AT, topic.messages)]));
  const decoders = new Map(topics.map((topic) => [topic, decoderOf(topic, bag.path)]));
  for await (const { topic, data } of bag.read({ topics: new Set(topics.map(({ name }) => name)) })) {
    const count = left.get(topic);
    if (count === undefined) continue;
    try {
      await take(topic, decoders.get(topic)!(data));
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
    }
    if (count > 1) left.set(topic, count - 1);
    else left.delete(topic);
    if (left.size === 0) break;
  }
}
