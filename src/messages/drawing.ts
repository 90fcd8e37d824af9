import { setImmediate } from "node:timers/promises";
import type { Explanation } from "../explain/explanation.js";
import type { Observation } from "../explain/observation.js";
import { paintBlend } from "../image/blend.js";
import type { Image, RgbImage } from "../image/image.js";
import { paintOverlay } from "../image/overlay.js";
import { own } from "../own.js";
import { discard } from "./discard.js";
import type { DisplayOptions } from "./display.js";

/** An overlay that is drawn step by step between other work of the event loop. Several messages may use it. */
class Drawing {
  readonly #image: Promise<RgbImage>;
  #users = 0;
  #isKept = false;

  constructor(painting: Generator<void, RgbImage>) {
    this.#image = drawn(painting);
  }

  /** True while it can still be used. */
  get isAvailable(): boolean {
    return this.#isKept || this.#users > 0;
  }

  /** Calls `make` with the image, which is freed when the last user is done. */
  async use<T>(make: (image: RgbImage) => Promise<T>): Promise<T> {
    this.#users++;
    try {
      return await make(await this.#image);
    } finally {
      this.#users--;
      if (!this.isAvailable) this.#image.then(({ data }) => discard(data)).catch(() => {});
    }
  }

  /** The image, which is then never freed here. */
  keep(): Promise<RgbImage> {
    this.#isKept = true;
    return this.#image;
  }
}

interface Drawn {
  readonly camera: string;
  readonly options: DisplayOptions;
  readonly drawing: Drawing;
}

/** Drawings by explanation, so that the raw overlay and the JPEG share one. */
const drawings = new WeakMap<Explanation, Drawn[]>();

/** The heatmap of a camera over its whole image; `undefined` below level `full`. */
export function drawingOf(explanation: Explanation, camera: string, options: DisplayOptions): Drawing | undefined {
  const { observation, heatmaps } = explanation;
  const image = wholeImage(observation, camera);
  const heatmap = own(heatmaps, camera);
  if (!image || !heatmap) return undefined;
  const known = (drawings.get(explanation) ?? []).filter(({ drawing }) => drawing.isAvailable);
  const found = known.find((drawn) => drawn.camera === camera && drawn.options === options);
  if (found) return found.drawing;
  const drawing = new Drawing(paintOverlay(image, heatmap, options, own(observation.cameras, camera)?.region));
  drawings.set(explanation, [...known, { camera, options, drawing }]);
  return drawing;
}

/** A camera's whole image in the light of the policy's attention; `undefined` where it has none. */
export function litBy({ observation, attention }: Explanation, camera: string): Drawing | undefined {
  const image = wholeImage(observation, camera);
  const maps = own(attention, camera);
  return image && maps && new Drawing(paintBlend(image, maps, own(observation.cameras, camera)?.region));
}

/** The camera's whole image, of which the policy may see a part. */
export function wholeImage({ images, cameras }: Observation, camera: string): Image | undefined {
  return own(cameras, camera)?.image ?? own(images, camera);
}

async function drawn(painting: Generator<void, RgbImage>): Promise<RgbImage> {
  for (;;) {
    await setImmediate();
    const step = painting.next();
    if (step.done) return step.value;
  }
}
