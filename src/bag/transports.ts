import type { Topic } from "./bag.js";

const IMAGE = "sensor_msgs/msg/Image";
const COMPRESSED = "sensor_msgs/msg/CompressedImage";
const INFO = "sensor_msgs/msg/CameraInfo";
/** Types of image_transport's plugins, and of others, that carry a camera's images as video. */
const VIDEO = /(Packet|Video)$/;
/** Names of image_transport's plugins: a topic with such a child is an image's. */
const PLUGINS: ReadonlySet<string> = new Set(["compressed", "compressedDepth", "theora", "zstd", "ffmpeg"]);

type NamedType = Pick<Topic, "name" | "type">;

/** A camera's images, as one or several topics carry them. */
export interface Images {
  /** Topic of the raw images, also where it is not recorded. */
  readonly base: string;
  readonly topics: readonly Topic[];
  /** The one of raw images; undefined where all are compressed. */
  readonly raw: Topic | undefined;
}

export const isImage = ({ type }: NamedType): boolean => type === IMAGE || type === COMPRESSED;
export const isVideo = ({ type }: NamedType): boolean => VIDEO.test(type);

/** Brings topics of images together that are transports of the same ones. @param recorded every topic of the bag */
export function imagesIn(topics: readonly Topic[], recorded: readonly NamedType[]): Images[] {
  const byBase = new Map<string, Topic[]>();
  for (const topic of topics) {
    const base = isTransport(topic, recorded) ? parentOf(topic.name) : topic.name;
    byBase.set(base, [...(byBase.get(base) ?? []), topic]);
  }
  return Array.from(byBase, ([base, all]) => {
    const raw = all.filter(({ type }) => type === IMAGE);
    return { base, topics: all, raw: raw.find(({ name }) => name === base) ?? raw[0] };
  });
}

/** Name of the topic of raw images that a topic's images have; their calibration is recorded beside it. */
export function rawTopicOf(topic: NamedType, recorded: readonly NamedType[]): string {
  const parent = parentOf(topic.name);
  if (isTransport(topic, recorded)) return parent;
  const hasInfo = (images: string) =>
    recorded.some(({ name, type }) => type === INFO && name === `${parentOf(images)}/camera_info`);
  return topic.type === COMPRESSED && !hasInfo(topic.name) && hasInfo(parent) ? parent : topic.name;
}

const parentOf = (name: string): string => name.slice(0, Math.max(0, name.lastIndexOf("/")));

/**
 * True for a transport of the images of the topic's parent: the parent is a topic of images, or the topic, or one beside
 * it, is named after a plugin.
 */
function isTransport({ name, type }: NamedType, recorded: readonly NamedType[]): boolean {
  const parent = parentOf(name);
  if (recorded.some((topic) => topic.name === parent && isImage(topic))) return true;
  const isRaw = type === IMAGE && name.endsWith("/raw");
  if (parent === "" || !(isRaw || type === COMPRESSED)) return false;
  return recorded.some(
    (topic) =>
      parentOf(topic.name) === parent &&
      PLUGINS.has(topic.name.slice(parent.length + 1)) &&
      (topic.type === COMPRESSED || isVideo(topic)),
  );
}
