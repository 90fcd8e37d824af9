import { type Colour, GUARD_PIXELS, type Raster, SUBPIXELS, type Vertices } from "./raster.js";

/** Distance from the image's centre, pixels, up to which vertices are drawn as they are. */
export const REACH = GUARD_PIXELS / 2;

/** Right, up, depth in metres, and brightness. */
type Corner = Float64Array;

/** Draws convex polygons of camera space, clipped at the near plane and where the raster would no longer be exact. */
export class Polygons {
  readonly #raster: Raster;
  readonly #focal: number;
  readonly #near: number;
  readonly #vertices = emptyVertices(16);

  /** @param focal pixels @param near metres */
  constructor(raster: Raster, focal: number, near: number) {
    this.#raster = raster;
    this.#focal = focal;
    this.#near = near;
  }

  /** @param corners right, up, depth (metres) and brightness of each corner; counter-clockwise seen from its front */
  draw(corners: Float64Array, count: number, colour: Colour, id: number): void {
    let drawn = count;
    if (!this.#project(corners, count)) {
      const polygon = this.#clip(Array.from({ length: count }, (_, i) => corners.slice(4 * i, 4 * i + 4)));
      drawn = polygon.length;
      polygon.forEach((corner, i) => {
        this.#put(i, corner, 0);
      });
    }
    for (let i = 1; i + 1 < drawn; i++) this.#raster.triangle(this.#vertices, 0, i, i + 1, colour, id);
  }

  /** True where no corner needs clipping. */
  #project(corners: Float64Array, count: number): boolean {
    for (let i = 0; i < count; i++) {
      const depth = corners[4 * i + 2]!;
      const reach = (REACH * depth) / this.#focal;
      if (!(depth >= this.#near && Math.abs(corners[4 * i]!) < reach && Math.abs(corners[4 * i + 1]!) < reach))
        return false;
      this.#put(i, corners, 4 * i);
    }
    return true;
  }

  #put(i: number, corner: Float64Array, at: number): void {
    const { width, height } = this.#raster;
    const { x, y, inverseDepth, shade } = this.#vertices;
    const perDepth = 1 / corner[at + 2]!;
    x[i] = Math.round((width / 2 + this.#focal * corner[at]! * perDepth) * SUBPIXELS);
    y[i] = Math.round((height / 2 - this.#focal * corner[at + 1]! * perDepth) * SUBPIXELS);
    inverseDepth[i] = perDepth;
    shade[i] = corner[at + 3]!;
  }

  #clip(corners: Corner[]): Corner[] {
    const slope = REACH / this.#focal;
    let polygon = clip(corners, (p) => p[2]! - this.#near);
    polygon = clip(polygon, (p) => p[2]! * slope - p[0]!);
    polygon = clip(polygon, (p) => p[2]! * slope + p[0]!);
    polygon = clip(polygon, (p) => p[2]! * slope - p[1]!);
    return clip(polygon, (p) => p[2]! * slope + p[1]!);
  }
}

export function emptyVertices(count: number): Vertices {
  const array = (): Float64Array => new Float64Array(count);
  return { x: array(), y: array(), inverseDepth: array(), shade: array() };
}

/** The part of a convex polygon where `inside` ≥ 0. Cut edges start at their inner end, so that neighbours agree. */
function clip(polygon: readonly Corner[], inside: (corner: Corner) => number): Corner[] {
  const kept: Corner[] = [];
  polygon.forEach((from, i) => {
    const to = polygon[(i + 1) % polygon.length]!;
    const here = inside(from);
    const there = inside(to);
    if (here >= 0) kept.push(from);
    if (here >= 0 && there < 0) kept.push(between(from, to, here / (here - there)));
    if (here < 0 && there >= 0) kept.push(between(to, from, there / (there - here)));
  });
  return kept;
}

function between(from: Corner, to: Corner, part: number): Corner {
  return from.map((value, i) => value + part * (to[i]! - value));
}
