import type { AttentionMap } from "#src/explain/explanation.js";
import type { Heatmap } from "#src/image/heatmap.js";
import type { Region } from "#src/image/image.js";
import type {
  CameraInfoMessage,
  CompressedImageMessage,
  ExplanationMessage,
  ImageMessage,
} from "#src/messages/types.js";
import type { Topic } from "../source/source.js";
import { paintImage } from "./picture.js";

/** Topics of one camera of a run. */
export interface CameraTopics {
  /** Image modality of the policy, or `image` with one camera. */
  readonly name: string;
  readonly image: string;
  readonly imageInfo: string;
  /** 32FC1, live only. */
  readonly heatmap: string | undefined;
  /** mono16, of recordings. */
  readonly grey: string;
  readonly heatmapInfo: string;
  /** mono16, the maps one below another; undefined for a run without. */
  readonly attention: string | undefined;
}

/** What one camera shows at one tick. */
export interface CameraFrame {
  /** Of the image, nanoseconds. */
  readonly stamp: bigint;
  readonly width: number;
  readonly height: number;
  readonly picture: ImageData | ImageBitmap;
  /** Optical frame of the camera. */
  readonly frameId: string;
  /** Focal length, pixels; undefined where the calibration is not known. */
  readonly focal: number | undefined;
  /** Of the same stamp; undefined where the tick has none. */
  readonly heatmap: Heatmap | undefined;
  /** Of the same stamp; empty where the tick has none. */
  readonly attention: readonly AttentionMap[];
  /** The part of the image that the policy saw, pixels. */
  readonly region: Region;
}

const HEATMAP = /^\/torquelens\/heatmap(\/(?!mono16$|camera_info$)[^/]+)?(?:\/mono16)?$/;

/** The cameras among a run's topics, by name: those that torquelens writes, or else every topic with images. */
export function camerasOf(topics: readonly Topic[]): CameraTopics[] {
  const known = new Set(topics.map(({ topic }) => topic));
  const names = new Set<string>();
  for (const topic of known) {
    const found = HEATMAP.exec(topic) ?? /^\/camera(\/[^/]+)?\/image$/.exec(topic);
    if (found) names.add(found[1] ?? "");
  }
  if (names.size === 0) return topics.filter(({ type }) => IMAGE.test(type)).map(plainCamera);
  return [...names].sort().map((infix) => ({
    name: infix.slice(1) || "image",
    image: `/camera${infix}/image`,
    imageInfo: `/camera${infix}/camera_info`,
    heatmap: known.has(`/torquelens/heatmap${infix}`) ? `/torquelens/heatmap${infix}` : undefined,
    grey: `/torquelens/heatmap${infix}/mono16`,
    heatmapInfo: `/torquelens/heatmap${infix}/camera_info`,
    attention: known.has(`/torquelens/attention${infix}/mono16`) ? `/torquelens/attention${infix}/mono16` : undefined,
  }));
}

const IMAGE = /^sensor_msgs\/(msg\/)?(Compressed)?Image$/;

const plainCamera = ({ topic }: Topic): CameraTopics => ({
  name: topic.replace(/^\//, ""),
  image: topic,
  imageInfo: topic.replace(/[^/]*(\/compressed)?$/, "camera_info"),
  heatmap: undefined,
  grey: "",
  heatmapInfo: "",
  attention: undefined,
});

/** A camera's message as a picture, at once where it need not be unpacked. Throws Error for what cannot be shown. */
export function pictureOf(message: ImageMessage | CompressedImageMessage): ImageData | Promise<ImageBitmap> {
  return "encoding" in message ? paintImage(message) : unpacked(message);
}

async function unpacked({ data, format }: CompressedImageMessage): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(new Blob([data.slice()]));
  } catch {
    throw new Error(`format ${format}: this browser cannot show it`);
  }
}

/** Number of a camera's modality in an explanation: by its name, or the first that owns no elements. */
export function modalityOf(
  { name }: CameraTopics,
  index: number,
  { modalities, heatmap_peak }: ExplanationMessage,
): number {
  const named = modalities.indexOf(name);
  if (named >= 0) return named;
  const images = [...heatmap_peak.keys()].filter((m) => heatmap_peak[m]! > 0);
  return images[index] ?? 0;
}

/** The relevance of a heatmap's message, N·m per pixel. A grey one needs its tick's explanation for its scale. */
export function heatmapOf(message: ImageMessage, explanation: ExplanationMessage, camera: number): Heatmap | undefined {
  const { width, height, encoding, data } = message;
  const count = width * height;
  const copy = data.slice().buffer;
  if (encoding === "32FC1") return { width, height, data: new Float32Array(copy, 0, count) };
  if (encoding !== "mono16") return undefined;
  const unit = (explanation.heatmap_peak[camera] ?? 0) / 65535;
  return { width, height, data: Float32Array.from(new Uint16Array(copy, 0, count), (grey) => grey * unit) };
}

/** The maps of attention of a message; it needs its tick's explanation for their names and scales. */
export function attentionOf(
  { width, height, encoding, data }: ImageMessage,
  { attention_offsets: offsets, attention_queries: all = [], attention_peak: peaks }: ExplanationMessage,
  camera: number,
): AttentionMap[] {
  const [from = 0, to = 0] = offsets?.subarray(camera, camera + 2) ?? [];
  // Of a single camera, which may have another name than its modality.
  const [first, count] = to > from ? [from, to - from] : [0, all.length];
  const rows = height / count;
  if (encoding !== "mono16" || !Number.isInteger(rows)) return [];
  const greys = new Uint16Array(data.slice().buffer, 0, width * height);
  return Array.from({ length: count }, (_, q) => {
    const unit = (peaks?.[first + q] ?? 0) / 65535;
    const own = greys.subarray(q * width * rows, (q + 1) * width * rows);
    return { query: all[first + q] ?? "", width, height: rows, data: Float32Array.from(own, (grey) => grey * unit) };
  });
}

/** The part of a camera's image that a heatmap of its calibration covers: the whole image where one is not known. */
export function regionOf(
  image: { readonly width: number; readonly height: number },
  heatmap: Pick<Heatmap, "width" | "height">,
  of?: CameraInfoMessage,
  at?: CameraInfoMessage,
): Region {
  const whole: Region = [0, 0, image.width, image.height];
  if (!of || !at || !(of.k[0]! > 0) || !(at.k[0]! > 0)) return whole;
  const [acrossScale, downScale] = [of.k[0]! / at.k[0]!, of.k[4]! / at.k[4]!];
  const x = of.k[2]! + 0.5 - (at.k[2]! + 0.5) * acrossScale;
  const y = of.k[5]! + 0.5 - (at.k[5]! + 0.5) * downScale;
  return [x, y, heatmap.width * acrossScale, heatmap.height * downScale];
}
