import { type ReadonlySignal, signal } from "@preact/signals";
import { nanoseconds } from "#src/messages/stamp.js";
import type {
  CameraInfoMessage,
  CompressedImageMessage,
  ExplanationMessage,
  ImageMessage,
} from "#src/messages/types.js";
import {
  attentionOf,
  type CameraFrame,
  type CameraTopics,
  heatmapOf,
  modalityOf,
  pictureOf,
  regionOf,
} from "./camera.js";

/** An image that is to be shown, with the maps and the explanation of its tick. */
interface Due {
  readonly camera: CameraTopics;
  readonly index: number;
  readonly image: ImageMessage | CompressedImageMessage;
  readonly heatmap: ImageMessage | undefined;
  readonly attention: ImageMessage | undefined;
  readonly explanation: ExplanationMessage | undefined;
}

/** The cameras' pictures: each camera's newest image, with the maps that have its stamp. */
export class CameraPictures {
  readonly frames = signal<ReadonlyMap<string, CameraFrame>>(new Map());
  /** Why a camera cannot be shown, by its name. */
  readonly faults = signal<ReadonlyMap<string, string>>(new Map());
  /** Stamp of each camera's newest image. */
  readonly #newest = new Map<string, bigint>();
  /** Pictures that are to be shown, by camera. */
  readonly #due = new Map<string, Due>();

  /**
   * @param last the newest message of each topic
   * @param showsAttention true where cameras show maps of attention
   */
  constructor(
    readonly last: ReadonlyMap<string, unknown>,
    readonly showsAttention: ReadonlySignal<boolean>,
  ) {}

  /** Pairs a camera's newest image with the maps of the same stamp, to be shown by `showDue`. */
  add(camera: CameraTopics, index: number, explanation: ExplanationMessage | undefined): void {
    const image = this.last.get(camera.image) as ImageMessage | CompressedImageMessage | undefined;
    if (!image) return;
    const grey = this.last.get(camera.heatmap ?? camera.grey) as ImageMessage | undefined;
    const fits = (map: ImageMessage | undefined): map is ImageMessage =>
      map !== undefined && nanoseconds(map.header.stamp) === nanoseconds(image.header.stamp);
    const pairs = fits(grey);
    const shown = this.frames.value.get(camera.name);
    const hasPair = (this.#due.get(camera.name) ?? shown)?.heatmap;
    // The heatmap of a tick comes after its image, if at all; until then the last pair stays.
    if (!pairs && grey && explanation?.level === 0 && hasPair) return;
    const maps =
      camera.attention === undefined ? undefined : (this.last.get(camera.attention) as ImageMessage | undefined);
    const attention = this.showsAttention.value && fits(maps) ? maps : undefined;
    if (this.showsAttention.value && maps && !attention && shown && shown.attention.length > 0) return;
    this.#due.set(camera.name, { camera, index, image, heatmap: pairs ? grey : undefined, attention, explanation });
  }

  /** Of pictures that came together the newest of each camera is shown. */
  showDue(): void {
    for (const due of this.#due.values()) {
      const { camera, index, image, heatmap: grey, attention: maps, explanation } = due;
      const stamp = nanoseconds(image.header.stamp);
      this.#newest.set(camera.name, stamp);
      const fault = (error: Error) => this.#fault(camera.name, error.message);
      try {
        const modality = explanation ? modalityOf(camera, index, explanation) : 0;
        const heatmap = grey && explanation && heatmapOf(grey, explanation, modality);
        const attention = maps && explanation ? attentionOf(maps, explanation, modality) : [];
        const show = (picture: CameraFrame["picture"]) => {
          if (this.#newest.get(camera.name) === stamp) this.#show(camera, image, picture, heatmap, attention);
        };
        const picture = pictureOf(image);
        if (picture instanceof Promise) picture.then(show, fault);
        else show(picture);
      } catch (error) {
        fault(error as Error);
      }
    }
    this.#due.clear();
  }

  clear(): void {
    this.frames.value = new Map();
  }

  #show(
    camera: CameraTopics,
    { header }: ImageMessage | CompressedImageMessage,
    picture: CameraFrame["picture"],
    heatmap: CameraFrame["heatmap"],
    attention: CameraFrame["attention"],
  ): void {
    const { width, height } = picture;
    const info = (name: string) => this.last.get(name) as CameraInfoMessage | undefined;
    const map = heatmap ?? attention[0];
    const region = map
      ? regionOf(picture, map, info(camera.imageInfo), info(camera.heatmapInfo))
      : ([0, 0, width, height] as const);
    const focal = info(camera.imageInfo)?.k[0] || undefined;
    const stamp = nanoseconds(header.stamp);
    const frame = { stamp, width, height, picture, frameId: header.frame_id, focal, heatmap, attention, region };
    this.frames.value = new Map(this.frames.value).set(camera.name, frame);
    if (this.faults.value.has(camera.name)) this.#fault(camera.name, undefined);
  }

  #fault(camera: string, text: string | undefined): void {
    const faults = new Map(this.faults.value);
    if (text === undefined) faults.delete(camera);
    else faults.set(camera, text);
    this.faults.value = faults;
  }
}
