import type { Bag, Topic } from "../../bag/bag.js";
import { type ReadMessagesOptions, readMessages } from "../../bag/read-messages.js";
import type { Seen } from "../../detectors/seen.js";
import { thinned } from "../../detectors/thinned.js";
import { heededOf, type Told } from "../../detectors/told.js";
import type { CompressedImage, RawImage } from "../../image/camera-message.js";
import { decodeImage } from "../../image/decode.js";
import type { RgbImage } from "../../image/image.js";
import { toRgb } from "../../image/rgb.js";
import { EPISODE_START, EXPLANATION } from "../../messages/explanation.js";
import { instructionIn } from "../../messages/explanation-numbers.js";
import { nanoseconds } from "../../messages/stamp.js";
import type { ExplanationMessage, Header, JointStateMessage } from "../../messages/types.js";
import { areTorques, meaningOf } from "../../outputs/kinds.js";

export interface ReadSeenOptions extends ReadMessagesOptions {
  /** Topic of the explanations, where a bag has several. */
  readonly topic?: string | undefined;
}

const IMAGE = "sensor_msgs/msg/Image";
const COMPRESSED = "sensor_msgs/msg/CompressedImage";
const JOINTS = "sensor_msgs/msg/JointState";

/** Explanations that wait for the image and the joint states of their time. */
const WAITING = 4;
/** Joint states farther from an image are not those of its time, nanoseconds. */
const APART = 200_000_000n;
/** Stamps that go back by more than this begin a run, nanoseconds. */
const CLOCK_RESET = 1_000_000_000n;

/** What the policy saw, with the log time of its explanation, nanoseconds, and its shares, [M]. */
export interface SeenAt extends Seen {
  readonly logTime: bigint;
  readonly shares: ArrayLike<number>;
}

interface Pending {
  readonly logTime: bigint;
  readonly stamp: bigint;
  readonly first: boolean;
  readonly joints: readonly string[];
  readonly torque: readonly number[];
  readonly shares: ArrayLike<number>;
  readonly told: Told | undefined;
}

/** What a policy was told, by its explanation, which does not say of which previous action it was told. */
function toldIn(explanation: ExplanationMessage): Told | undefined {
  const { modalities, shares, chosen_action: chosen = "" } = explanation;
  const instruction = instructionIn(explanation);
  if (!instruction || chosen === "") return undefined;
  const images = modalities.filter((_, k) => explanation.element_offsets[k] === explanation.element_offsets[k + 1]);
  return {
    instruction: instruction.text,
    unknown: instruction.unknown,
    chosen,
    heeded: heededOf(modalities, shares, instruction.modality, images),
  };
}

/**
 * What the policy saw at each explained tick of a recording: the images of its stamp, and the joint states nearest to it.
 * It needs no policy. Runs begin where `readRuns` begins them. Memory: a few ticks.
 * @throws InputError where the recording cannot be read
 */
export async function* readSeen(path: string, options: ReadSeenOptions = {}): AsyncGenerator<SeenAt> {
  const { topic: chosen, ...rest } = options;
  const images = new Map<bigint, Map<string, RgbImage>>();
  const states: { readonly stamp: bigint; readonly state: JointStateMessage }[] = [];
  const pending: Pending[] = [];
  let last: bigint | undefined;
  const choose = (bag: Bag) => ({ decoded: topicsOf(bag, chosen) });
  for await (const { topic, logTime, message } of readMessages(path, choose, rest)) {
    if (message === undefined) continue;
    if (topic.type === EXPLANATION) {
      const explanation = message as ExplanationMessage;
      const stamp = nanoseconds(explanation.header.stamp);
      const isReset = last !== undefined && stamp < last - CLOCK_RESET;
      if (last !== undefined && stamp <= last && !isReset) continue;
      const first = last === undefined || isReset || explanation.flags.includes(EPISODE_START);
      last = stamp;
      const isOfTorques = areTorques(explanation.torques.map(meaningOf));
      pending.push({
        ...{ stamp, first, logTime, shares: explanation.shares },
        joints: explanation.torques.map(({ joint }) => joint),
        torque: isOfTorques ? explanation.torques.map(({ torque }) => torque) : [],
        told: toldIn(explanation),
      });
    } else if (topic.type === JOINTS) {
      const state = message as JointStateMessage;
      states.push({ stamp: nanoseconds(state.header.stamp), state });
      if (states.length > 400) states.splice(0, 200);
    } else {
      const image = message as RawImage | CompressedImage;
      const pixels = await pixelsIn(image);
      const stamp = nanoseconds((message as { header: Header }).header.stamp);
      if (pixels) images.set(stamp, (images.get(stamp) ?? new Map<string, RgbImage>()).set(topic.name, pixels));
    }
    while (pending.length > WAITING) yield seenAt(pending.shift()!);
  }
  for (const waiting of pending) yield seenAt(waiting);

  function seenAt({ stamp, first, logTime, shares, joints, torque, told }: Pending): SeenAt {
    const pictures = images.get(stamp) ?? new Map<string, RgbImage>();
    for (const known of images.keys()) if (known < stamp - APART || known === stamp) images.delete(known);
    const state = nearestState(states, stamp, joints);
    return {
      ...{ stamp, first, logTime, shares },
      images: Object.fromEntries(pictures),
      joints: state ? state.names : [],
      position: state?.position ?? [],
      velocity: state?.velocity ?? [],
      torque: state && torque.length === state.names.length ? torque : [],
      ...(told && { told }),
    };
  }
}

/** The explanations, the cameras' images and the joint states of a bag. */
function topicsOf({ topics }: Bag, chosen: string | undefined): Topic[] {
  const explanations = topics.filter(({ type }) => type === EXPLANATION);
  const explanation =
    explanations.find(({ name }) => name === chosen) ?? explanations.find(({ name }) => !name.includes("/compare/"));
  const roots = explanations.map(({ name }) => name.slice(0, name.lastIndexOf("/") + 1));
  const isOfCamera = ({ name }: Topic) => !roots.some((root) => root.length > 1 && name.startsWith(root));
  const raw = topics.filter((topic) => topic.type === IMAGE && isOfCamera(topic));
  const packed = topics.filter((topic) => topic.type === COMPRESSED && isOfCamera(topic));
  const cameras = raw.length > 0 ? raw : packed;
  return [...(explanation ? [explanation] : []), ...cameras, ...topics.filter(({ type }) => type === JOINTS)];
}

/** Pixels of a message; undefined where they cannot be read, which the reading of the images tells elsewhere. */
async function pixelsIn(message: RawImage | CompressedImage): Promise<RgbImage | undefined> {
  try {
    return thinned(toRgb(await decodeImage(message)));
  } catch {
    return undefined;
  }
}

/** Positions and velocities of the policy's joints by the nearest states that have them. */
function nearestState(
  states: readonly { readonly stamp: bigint; readonly state: JointStateMessage }[],
  stamp: bigint,
  joints: readonly string[],
) {
  let best: JointStateMessage | undefined;
  let least = APART;
  for (const { stamp: at, state } of states) {
    const apart = at < stamp ? stamp - at : at - stamp;
    if (apart >= least || !joints.every((name) => state.name.includes(name))) continue;
    [best, least] = [state, apart];
  }
  if (!best || joints.length === 0 || best.velocity.length !== best.name.length) return undefined;
  const at = joints.map((name) => best.name.indexOf(name));
  return { names: joints, position: at.map((k) => best.position[k]!), velocity: at.map((k) => best.velocity[k]!) };
}
