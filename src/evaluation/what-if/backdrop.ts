import { ARM } from "../../sim/render/sight.js";

/** What is behind a simulated arm, from the pictures of an episode in which it moves. */
export class Backdrop {
  /** The last colour of each pixel where the arm was not, rgb8, and where there was one. */
  #data = new Uint8Array(0);
  #known = new Uint8Array(0);

  /** @param segmentation label of each pixel @param image rgb8, without faults */
  add(segmentation: Uint8Array, image: Uint8Array): void {
    if (this.#data.length !== image.length) {
      this.#data = new Uint8Array(image.length);
      this.#known = new Uint8Array(segmentation.length);
    }
    for (const [pixel, label] of segmentation.entries()) {
      if (label === ARM) continue;
      this.#known[pixel] = 1;
      for (let k = 3 * pixel; k < 3 * pixel + 3; k++) this.#data[k] = image[k]!;
    }
  }

  /** The picture without the arm; a pixel that it always covers has the colour of the nearest known one before it. */
  picture(length: number): Uint8Array {
    const data = this.#data.length === length ? this.#data.slice() : new Uint8Array(length);
    let last = Math.max(0, this.#known.indexOf(1));
    for (let pixel = 0; pixel < this.#known.length; pixel++) {
      if (this.#known[pixel] === 1) last = pixel;
      else data.copyWithin(3 * pixel, 3 * last, 3 * last + 3);
    }
    return data;
  }
}
