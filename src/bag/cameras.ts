import { InputError } from "../errors.js";
import { own } from "../own.js";
import type { Policy } from "../policy/policy.js";
import type { Bag, Topic } from "./bag.js";
import { bestFirst } from "./compressed-choice.js";
import { type Images, imagesIn, isImage, isVideo } from "./transports.js";

/** The topic that a camera's images are read from. */
export interface CameraTopic {
  readonly camera: string;
  readonly topic: Topic;
  /** Other topics of the same images, which are not read. */
  readonly others: readonly Topic[];
}

interface Search {
  readonly bag: Bag;
  /** Topics that belong to no explanation in the bag. */
  readonly recorded: readonly Topic[];
  /** Those of images, with messages. */
  readonly images: readonly Topic[];
  readonly policy: Policy;
  /** Topic by image modality, or that of its raw images; the key `""` names that of a policy with one camera. */
  readonly named: Readonly<Record<string, string>>;
}

/**
 * Finds the topic of each camera by type and name. Of several topics of the same images, that of raw ones is read, else
 * the best compressed one.
 * @throws InputError where it is missing or several fit
 */
export async function cameraTopics(search: Search): Promise<CameraTopic[]> {
  const { bag, images, named, policy } = search;
  const modalities = policy.modalities.flatMap((modality) => (modality.kind === "image" ? [modality] : []));
  const cameras = modalities.map(({ name }) => name);
  const unknown = Object.keys(named).find((name) => !cameras.includes(name) && (name !== "" || cameras.length !== 1));
  if (unknown !== undefined) {
    const found = unknown === "" ? `--image ${named[unknown]}` : `--image ${unknown}=${own(named, unknown)}`;
    throw new InputError(`${found}: expected MODALITY=TOPIC, MODALITY one of ${cameras.join(", ") || "none"}`);
  }
  const found: CameraTopic[] = [];
  for (const { name: camera, encoding } of modalities) {
    const name = own(named, camera) ?? named[""];
    const exact = images.find((image) => image.name === name);
    if (exact) {
      found.push({ camera, topic: exact, others: [] });
      continue;
    }
    const { raw, topics } = name === undefined ? only(search, camera, cameras.length > 1) : ofName(search, name);
    const topic = raw ?? (await bestFirst(bag, topics, encoding))[0]!;
    found.push({ camera, topic, others: topics.filter((other) => other !== topic) });
  }
  return found;
}

/** The images whose raw ones have this topic. */
function ofName({ bag, images, recorded }: Search, name: string): Images {
  const found = imagesIn(images, recorded).find(({ base }) => base === name);
  if (found) return found;
  const other = recorded.find((topic) => topic.name === name && !isImage(topic));
  const type = other ? `, which is of ${other.type}` : "";
  throw new InputError(`${bag.path}: no images on ${name}${type}, expected one of ${list(images)}`);
}

/** The only images that can be the camera's. */
function only({ bag, images, recorded }: Search, camera: string, isOneOfSeveral: boolean): Images {
  if (images.length === 0) {
    const video = recorded.find((topic) => topic.messages > 0 && isVideo(topic));
    const found = video ? `; ${video.name} is of ${video.type}, which cannot be decoded` : "";
    const expected = "expected sensor_msgs Image or CompressedImage";
    throw new InputError(`${bag.path}: no images for ${camera}, ${expected}${found}`);
  }
  const all = imagesIn(images, recorded);
  const alike = all.filter(({ base }) => base.split("/").includes(camera));
  const candidates = isOneOfSeveral ? alike : all;
  if (candidates.length === 1) return candidates[0]!;
  const option = isOneOfSeveral ? `--image ${camera}=TOPIC` : "--image TOPIC";
  const found = candidates.length === 0 ? `no topic named after ${camera}` : `several topics may be ${camera}`;
  const shown = (candidates.length === 0 ? all : candidates).map(({ raw, topics }) => raw ?? topics[0]!);
  throw new InputError(`${bag.path}: ${found}: ${list(shown)} (${option})`);
}

const list = (topics: readonly Topic[]): string => topics.map(({ name }) => name).join(", ") || "none";
