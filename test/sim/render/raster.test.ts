import { describe, expect, it } from "vitest";
import { random } from "#src/sim/random.js";
import { Raster, SUBPIXELS, type Vertices } from "#src/sim/render/raster.js";

const WIDTH = 24;
const HEIGHT = 20;

function vertices(points: readonly (readonly [x: number, y: number, depth?: number, shade?: number])[]): Vertices {
  return {
    x: Float64Array.from(points, ([x]) => Math.round(x * SUBPIXELS)),
    y: Float64Array.from(points, ([, y]) => Math.round(y * SUBPIXELS)),
    inverseDepth: Float64Array.from(points, ([, , depth = 1]) => 1 / depth),
    shade: Float64Array.from(points, ([, , , shade = 1]) => shade),
  };
}

/** Pixels that one triangle alone draws. */
function drawn(corners: Vertices, [a, b, c]: readonly number[]): Set<number> {
  const raster = new Raster(WIDTH, HEIGHT);
  raster.clear([0, 0, 0]);
  raster.triangle(corners, a!, b!, c!, [255, 255, 255], 7);
  return new Set([...raster.segmentation.keys()].filter((pixel) => raster.segmentation[pixel] === 7));
}

/** The top-left rule, one pixel at a time in exact integers; y down, corners clockwise on the screen. */
function covered(corners: Vertices, order: readonly number[]): Set<number> {
  const points = order.map((i) => [BigInt(corners.x[i]!), BigInt(corners.y[i]!)] as const);
  const pixels = new Set<number>();
  for (let row = 0; row < HEIGHT; row++) {
    for (let column = 0; column < WIDTH; column++) {
      const x = BigInt(column * SUBPIXELS + SUBPIXELS / 2);
      const y = BigInt(row * SUBPIXELS + SUBPIXELS / 2);
      const inside = points.every(([px, py], i) => {
        const [qx, qy] = points[(i + 1) % 3]!;
        const edge = (qx - px) * (y - py) - (qy - py) * (x - px);
        const topOrLeft = qy < py || (qy === py && qx > px);
        return edge > 0n || (edge === 0n && topOrLeft);
      });
      if (inside) pixels.add(row * WIDTH + column);
    }
  }
  return pixels;
}

describe("triangle fill", () => {
  it("follows the top-left rule exactly, for corners anywhere and on pixel centres", () => {
    const numbers = random(1);
    let total = 0;
    for (let trial = 0; trial < 600; trial++) {
      // A third of the corners on pixel centres or borders, a third anywhere, a third far outside.
      const point = (): readonly [number, number] => {
        const spread = trial % 3 === 2 ? 400 : WIDTH;
        const at = (): number => numbers.between(-spread, spread + WIDTH) / 2;
        return trial % 3 === 0 ? [Math.round(2 * at()) / 2, Math.round(2 * at()) / 2] : [at(), at()];
      };
      const corners = vertices([point(), point(), point()]);
      // The rasteriser's front faces turn counter-clockwise with y up: reversed for the oracle, which has y down.
      const front = drawn(corners, [0, 1, 2]);
      const back = drawn(corners, [0, 2, 1]);
      expect(front).toEqual(covered(corners, [0, 2, 1]));
      expect(back).toEqual(covered(corners, [0, 1, 2]));
      expect(Math.min(front.size, back.size)).toBe(0);
      total += front.size + back.size;
    }
    expect(total).toBeGreaterThan(20_000);
  });

  it("covers each pixel of a fan exactly once", () => {
    const numbers = random(2);
    for (let trial = 0; trial < 200; trial++) {
      const onGrid = trial % 2 === 0;
      const place = (limit: number): number =>
        onGrid ? numbers.integer(limit) + 0.5 : numbers.between(0.1, limit - 0.1);
      const centre = [place(WIDTH), place(HEIGHT)] as const;
      // A rim around the image, through its corners and more points, counter-clockwise with y up.
      const rim: (readonly [number, number])[] = [
        [0, 0],
        [0, place(HEIGHT)],
        [0, HEIGHT],
        [place(WIDTH), HEIGHT],
        [WIDTH, HEIGHT],
        [WIDTH, place(HEIGHT)],
        [WIDTH, 0],
        [place(WIDTH), 0],
      ];
      const corners = vertices([centre, ...rim]);
      const counts = new Uint8Array(WIDTH * HEIGHT);
      rim.forEach((_, i) => {
        for (const pixel of drawn(corners, [0, 1 + i, 1 + ((i + 1) % rim.length)])) counts[pixel]!++;
      });
      expect([...counts].every((count) => count === 1)).toBe(true);
    }
  });

  it("draws the nearer of two triangles whatever the order, with perspective-correct depth and shade", () => {
    // A plane that recedes to the right: depth 1 at x = 0 and 3 at x = 24, so 1/depth is linear in x.
    const slanted = vertices([
      [0, 0, 1, 0],
      [0, HEIGHT * 2, 1, 0],
      [WIDTH * 2, 0, 0, 0],
    ]);
    const inverse = (x: number): number => 1 + (1 / 3 - 1) * (x / WIDTH);
    slanted.inverseDepth[2] = inverse(WIDTH * 2) > 0 ? inverse(WIDTH * 2) : 1 / 1000;
    const far = slanted.inverseDepth[2]!;
    const flat = vertices([
      [0, 0, 1.5],
      [0, HEIGHT * 2, 1.5],
      [WIDTH * 2, 0, 1.5],
    ]);
    const images = [
      [slanted, flat],
      [flat, slanted],
    ].map((order) => {
      const raster = new Raster(WIDTH, HEIGHT);
      raster.clear([0, 0, 0]);
      for (const shape of order) raster.triangle(shape, 0, 1, 2, [200, 200, 200], shape === slanted ? 1 : 2);
      return raster;
    });
    expect(images[0]!.segmentation).toEqual(images[1]!.segmentation);
    expect(images[0]!.rgb).toEqual(images[1]!.rgb);
    for (let column = 0; column < WIDTH; column++) {
      const x = column + 0.5;
      const expected = 1 + (far - 1) * (x / (WIDTH * 2));
      const nearer = expected > 1 / 1.5;
      expect(images[0]!.segmentation[column]).toBe(nearer ? 1 : 2);
      expect(images[0]!.inverseDepth[column]).toBeCloseTo(Math.max(expected, 1 / 1.5), 5);
    }
  });

  it("interpolates the shade in space, not in the image", () => {
    // Shade 0 at depth 1 on the left border, 1 at depth 4 on the right one.
    const corners = vertices([
      [0, 0, 1, 0],
      [0, HEIGHT, 1, 0],
      [WIDTH, 0, 4, 1],
    ]);
    const raster = new Raster(WIDTH, HEIGHT);
    raster.clear([0, 0, 0]);
    raster.triangle(corners, 0, 1, 2, [250, 0, 0], 0);
    for (let column = 0; column < WIDTH - 2; column++) {
      const along = (column + 0.5) / WIDTH;
      const depth = 1 / (1 + along * (1 / 4 - 1));
      // Depth grows linearly from 1 to 4 in space, the shade from 0 to 1 with it (first row: nearly y = 0).
      expect(Math.abs(raster.rgb[3 * column]! - (250 * (depth - 1)) / 3)).toBeLessThanOrEqual(1.5);
    }
  });
});
