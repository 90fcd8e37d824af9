import type { AnyExplainer } from "../../explain/pipeline.js";
import { pixelsOf } from "../../image/pixel-formats.js";
import { encoderOf } from "../../messages/cdr.js";
import { readerOf } from "../../messages/cdr-read.js";
import type { ChannelEncoder } from "../../messages/channel-encoder.js";
import { toTime } from "../../messages/robot.js";
import type { ImageMessage, JointStateMessage, Time, TransformStamped } from "../../messages/types.js";
import type { ImageModality } from "../../policy/modalities.js";
import type { Policy } from "../../policy/policy.js";
import { givenModalities } from "../../sensing/given-values.js";
import type { Match } from "../../sensing/match.js";
import { Observer } from "../../sensing/observer.js";
import { jointsOf } from "../../sensing/values.js";

/** Number of images, and of joint states before each. */
const IMAGES = 40;
const JOINT_STATES = 10;
/** Longest time of a rehearsal, milliseconds. */
const LONGEST = 1500;

/**
 * Sends synthetic messages through reading, observing, explaining, drawing and encoding, so that the first tick is as
 * fast as the hundredth. Afterwards the newest explanation of the explainer and the encoder is a synthetic one.
 * Observations that cannot be explained are left out.
 * @throws the signal's reason where it aborts
 */
export async function rehearse(
  policy: Policy,
  explainer: AnyExplainer,
  encoder: ChannelEncoder,
  signal?: AbortSignal,
): Promise<void> {
  const { arm, control_period } = policy.card;
  const others = givenModalities(policy);
  const period = BigInt(Math.round(control_period * 1e9));
  let now = 1_000_000_000n;
  const observer = await Observer.create(policy, {
    now: () => now,
    ...(policy.language && { instruction: "" }),
    values: Object.fromEntries(others.map(({ name, size }) => [name, new Float64Array(size)])),
  });
  const cameras = policy.modalities.filter((modality) => modality.kind === "image");
  const joints = jointsOf(policy);
  const [image, joint] = [through<ImageMessage>("sensor_msgs/msg/Image"), through<JointStateMessage>(JOINT_STATE)];
  const ending = performance.now() + LONGEST;
  try {
    for (let i = 0; i < IMAGES && performance.now() < ending; i++) {
      signal?.throwIfAborted();
      const matches: Match[] = [];
      for (let k = 0; k < JOINT_STATES; k++) {
        now += period / BigInt(JOINT_STATES);
        matches.push(...observer.jointState(joint(jointState(joints, toTime(now)))));
        if (arm?.tf !== undefined)
          matches.push(...observer.transforms({ transforms: [pose(arm.tf, arm.link!, toTime(now))] }));
        if (k !== JOINT_STATES / 2) continue;
        for (const camera of cameras) matches.push(...observer.image(camera.name, image(blank(camera, toTime(now)))));
      }
      for (const match of matches) await play(match, explainer, encoder);
    }
  } finally {
    observer.delete();
  }
}

const JOINT_STATE = "sensor_msgs/msg/JointState";

async function play(match: Match, explainer: AnyExplainer, encoder: ChannelEncoder): Promise<void> {
  const observation = await match.observe();
  // A policy may fail on a black image and still work on the robot's.
  const explanation = observation && (await explainer.explain(observation).catch(() => undefined));
  if (!explanation) return;
  const made = encoder.channels.filter(({ origin }) => origin === "explanation");
  await Promise.all(made.map((channel) => encoder.encode(channel, explanation)));
}

/** Encodes and decodes a message of a type. */
function through<T extends object>(type: string): (message: T) => T {
  const [write, read] = [encoderOf(type), readerOf(type)];
  return (message) => read(write(message)) as T;
}

/** A black image, twice the policy's size where the card resizes images. */
function blank({ name, width, height, encoding, crop, resize }: ImageModality, stamp: Time): ImageMessage {
  const [x, y, w, h] = typeof crop === "object" ? crop : [0, 0, width, height];
  const times = resize !== undefined && typeof crop !== "object" ? 2 : 1;
  const size = { width: times * (x + w), height: times * (y + h) };
  const step = size.width * pixelsOf(encoding).bytes;
  const data = new Uint8Array(step * size.height);
  return { header: { stamp, frame_id: name }, ...size, encoding, is_bigendian: 0, step, data };
}

function jointState(name: readonly string[], stamp: Time): JointStateMessage {
  const zeros = () => new Float64Array(name.length);
  return {
    header: { stamp, frame_id: "" },
    name: [...name],
    position: zeros(),
    velocity: zeros(),
    effort: new Float64Array(0),
  };
}

function pose(parent: string, child: string, stamp: Time): TransformStamped {
  return {
    header: { stamp, frame_id: parent },
    child_frame_id: child,
    transform: { translation: { x: 0, y: 0, z: 0 }, rotation: { x: 0, y: 0, z: 0, w: 1 } },
  };
}
