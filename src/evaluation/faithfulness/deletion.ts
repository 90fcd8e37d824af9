import type { Planes } from "./planes.js";

/** Images after each group of pixels was moved, one group after another, from one image to another. */
export function replaced(
  planes: Planes,
  groups: readonly (readonly number[])[],
  from: Float32Array,
  to: Float32Array,
): Float32Array[] {
  const images: Float32Array[] = [];
  let now = from;
  for (const group of groups) {
    now = now.slice();
    for (const pixel of group) for (const element of planes.elements(pixel)) now[element] = to[element]!;
    images.push(now);
  }
  return images;
}

/** An image of one value a plane, which it is given with its pixels. */
export const blank = (
  planes: Planes,
  image: ArrayLike<number>,
  fillOf: (plane: Float64Array) => number,
): Float32Array => planes.join(planes.split(image).map((plane) => new Float64Array(plane.length).fill(fillOf(plane))));
