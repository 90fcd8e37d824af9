import { sizeOf, stridesOf } from "../../graph/shape.js";
import { heightAndWidth, type SubjectImage } from "../../relevance/contract/subject.js";

/** Where the pixels of an image lie in its tensor: one plane for each channel of each frame. */
export class Planes {
  readonly height: number;
  readonly width: number;
  /** First element of each plane. */
  readonly #starts: readonly number[];
  readonly #down: number;
  readonly #across: number;

  constructor(image: SubjectImage, shape: readonly number[]) {
    const axes = heightAndWidth(shape, image);
    const strides = stridesOf(shape);
    [this.height, this.width] = axes.map((axis) => shape[axis]!) as [number, number];
    [this.#down, this.#across] = axes.map((axis) => strides[axis]!) as [number, number];
    const others = shape.flatMap((_, axis) => (axes.includes(axis) ? [] : [axis]));
    const count = sizeOf(others.map((axis) => shape[axis]!));
    this.#starts = Array.from({ length: count }, (_, k) => {
      let rest = k;
      return others.reduceRight((start, axis) => {
        const index = rest % shape[axis]!;
        rest = Math.floor(rest / shape[axis]!);
        return start + index * strides[axis]!;
      }, 0);
    });
  }

  get pixels(): number {
    return this.height * this.width;
  }

  /** The elements of a pixel, one a plane. */
  elements(pixel: number): number[] {
    const at = Math.floor(pixel / this.width) * this.#down + (pixel % this.width) * this.#across;
    return this.#starts.map((start) => start + at);
  }

  /** Every plane, [height × width]. */
  split(image: ArrayLike<number>): Float64Array[] {
    return this.#starts.map((_, k) =>
      Float64Array.from({ length: this.pixels }, (__, pixel) => image[this.elements(pixel)[k]!]!),
    );
  }

  /** The image of such planes. */
  join(planes: readonly ArrayLike<number>[]): Float32Array {
    const image = new Float32Array(this.pixels * planes.length);
    for (let pixel = 0; pixel < this.pixels; pixel++)
      for (const [k, element] of this.elements(pixel).entries()) image[element] = planes[k]![pixel]!;
    return image;
  }
}
