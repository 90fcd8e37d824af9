/**
 * Triangles into a z-buffer. Vertices are snapped to 1/256 pixel and every edge function is an exact integer
 * (below 2^53), so that two triangles that share an edge never both draw, nor both miss, a pixel on it
 * (top-left rule: a pixel whose centre lies on an edge belongs to the triangle for which that edge is a top or left one).
 */

/** Fixed-point units a pixel. */
export const SUBPIXELS = 256;

/** Vertices must stay within ± this many pixels, or edge functions would no longer be exact. */
export const GUARD_PIXELS = 8192;

/** Vertices in image space; `x`, `y` in 1/256 pixel from the upper left corner of the image. */
export interface Vertices {
  readonly x: Float64Array;
  readonly y: Float64Array;
  /** 1 / depth, 1/m. */
  readonly inverseDepth: Float64Array;
  /** Brightness, 0 to 1. */
  readonly shade: Float64Array;
}

/** A colour, 0 to 255 a channel. */
export type Colour = readonly [red: number, green: number, blue: number];

/** An image being drawn: colour, 1 / depth and segmentation, row-major, upper left pixel first. */
export class Raster {
  /** [height, width, 3]. */
  readonly rgb: Uint8Array;
  /** 1 / depth along the optical axis, 1/m; 0 where nothing was drawn. [height, width]. */
  readonly inverseDepth: Float32Array;
  /** Id of the visible triangle; −1 where nothing was drawn. [height, width]. */
  readonly segmentation: Int32Array;

  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    this.rgb = new Uint8Array(width * height * 3);
    this.inverseDepth = new Float32Array(width * height);
    this.segmentation = new Int32Array(width * height);
  }

  clear([red, green, blue]: Colour): void {
    const { rgb } = this;
    for (let byte = 0; byte < rgb.length; byte += 3) {
      rgb[byte] = red;
      rgb[byte + 1] = green;
      rgb[byte + 2] = blue;
    }
    this.inverseDepth.fill(0);
    this.segmentation.fill(-1);
  }

  /**
   * Draws one triangle of `vertices` where it is nearer than what is there. Triangles that turn clockwise
   * as seen in the image (y up) face away and are not drawn; nor are those without area.
   */
  triangle(vertices: Vertices, a: number, c: number, b: number, colour: Colour, id: number): void {
    // Taking the last two corners in exchange makes the area of a front face positive with y down.
    const { x, y } = vertices;
    const ax = x[a]!;
    const ay = y[a]!;
    const bx = x[b]!;
    const by = y[b]!;
    const cx = x[c]!;
    const cy = y[c]!;
    const area = (bx - ax) * (cy - ay) - (cx - ax) * (by - ay);
    if (area <= 0) return;
    const { width, height } = this;
    const half = SUBPIXELS / 2;
    const top = Math.max(0, Math.ceil((Math.min(ay, by, cy) - half) / SUBPIXELS));
    const bottom = Math.min(height - 1, Math.floor((Math.max(ay, by, cy) - half) / SUBPIXELS));
    const leftmost = Math.max(0, Math.ceil((Math.min(ax, bx, cx) - half) / SUBPIXELS));
    const rightmost = Math.min(width - 1, Math.floor((Math.max(ax, bx, cx) - half) / SUBPIXELS));
    if (top > bottom || leftmost > rightmost) return;

    // Edge function of p→q at (X, Y): (qx − px)(Y − py) − (qy − py)(X − px), positive inside; it must reach `bias`.
    const stepA = -(by - ay) * SUBPIXELS;
    const stepB = -(cy - by) * SUBPIXELS;
    const stepC = -(ay - cy) * SUBPIXELS;
    const downA = (bx - ax) * SUBPIXELS;
    const downB = (cx - bx) * SUBPIXELS;
    const downC = (ax - cx) * SUBPIXELS;
    const startY = top * SUBPIXELS + half;
    let edgeA = (bx - ax) * (startY - ay) - (by - ay) * (half - ax) - bias(bx - ax, by - ay);
    let edgeB = (cx - bx) * (startY - by) - (cy - by) * (half - bx) - bias(cx - bx, cy - by);
    let edgeC = (ax - cx) * (startY - cy) - (ay - cy) * (half - cx) - bias(ax - cx, ay - cy);

    // 1/depth and shade/depth are linear in the image.
    const { inverseDepth: w, shade } = vertices;
    const wa = w[a]!;
    const wb = w[b]! - wa;
    const wc = w[c]! - wa;
    const sa = shade[a]! * wa;
    const sb = shade[b]! * w[b]! - sa;
    const sc = shade[c]! * w[c]! - sa;
    const perPixel = SUBPIXELS / area;
    const bRight = (cy - ay) * perPixel;
    const bDown = -(cx - ax) * perPixel;
    const cRight = -(by - ay) * perPixel;
    const cDown = (bx - ax) * perPixel;
    const wRight = wb * bRight + wc * cRight;
    const wDown = wb * bDown + wc * cDown;
    const sRight = sb * bRight + sc * cRight;
    const sDown = sb * bDown + sc * cDown;
    const flat = shade[a] === shade[b] && shade[a] === shade[c];
    const level = shade[a]!;
    const [red, green, blue] = colour;
    const { rgb, inverseDepth, segmentation } = this;

    for (let row = top; row <= bottom; row++, edgeA += downA, edgeB += downB, edgeC += downC) {
      let left = leftmost;
      let right = rightmost;
      if (stepA > 0) left = Math.max(left, Math.ceil(-edgeA / stepA));
      else if (stepA < 0) right = Math.min(right, Math.floor(edgeA / -stepA));
      else if (edgeA < 0) continue;
      if (stepB > 0) left = Math.max(left, Math.ceil(-edgeB / stepB));
      else if (stepB < 0) right = Math.min(right, Math.floor(edgeB / -stepB));
      else if (edgeB < 0) continue;
      if (stepC > 0) left = Math.max(left, Math.ceil(-edgeC / stepC));
      else if (stepC < 0) right = Math.min(right, Math.floor(edgeC / -stepC));
      else if (edgeC < 0) continue;
      const dx = left + 0.5 - ax / SUBPIXELS;
      const dy = row + 0.5 - ay / SUBPIXELS;
      let depth = wa + wRight * dx + wDown * dy;
      let bright = sa + sRight * dx + sDown * dy;
      const end = row * width + right;
      for (let pixel = row * width + left; pixel <= end; pixel++, depth += wRight, bright += sRight) {
        if (depth <= inverseDepth[pixel]!) continue;
        inverseDepth[pixel] = depth;
        segmentation[pixel] = id;
        const shading = flat ? level : bright / depth;
        const byte = 3 * pixel;
        rgb[byte] = red * shading + 0.5;
        rgb[byte + 1] = green * shading + 0.5;
        rgb[byte + 2] = blue * shading + 0.5;
      }
    }
  }
}

/** 0 for a top or left edge, else 1, the smallest step of an integer edge function. */
function bias(dx: number, dy: number): number {
  return dy < 0 || (dy === 0 && dx > 0) ? 0 : 1;
}
