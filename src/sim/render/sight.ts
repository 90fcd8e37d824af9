import type { Model } from "../../arm/model.js";
import type { Raster } from "./raster.js";

/** What a pixel can show. */
export const BACKGROUND = 0;
export const ARM = 1;
export const TARGET = 2;

/** Segmentation and depth of one camera image, row-major. */
export interface Sight {
  readonly width: number;
  readonly height: number;
  /** What each pixel shows: `BACKGROUND`, `ARM` (with what it holds) or `TARGET`, [height, width]. */
  readonly segmentation: Uint8Array;
  /** Distance along the optical axis, metres; 0 where nothing was seen, [height, width]. */
  readonly depth: Float32Array;
}

/** Tells arm and target from the rest by the bodies that geoms belong to. */
export class Sorter {
  /** Class of each geom. */
  readonly #classes: Uint8Array;

  /** `arm` and `target` are bodies: they and all that hangs on them count. */
  constructor(model: Model, { arm, target }: { readonly arm: string; readonly target: string }) {
    const parents = model.arrays.get("body_parentid");
    const bodies = new Uint8Array(model.nbody);
    bodies[model.id("body", arm)] = ARM;
    bodies[model.id("body", target)] = TARGET;
    // Parents come before children in a model.
    for (let body = 1; body < model.nbody; body++) bodies[body] ||= bodies[parents[body]!]!;
    this.#classes = Uint8Array.from(model.arrays.get("geom_bodyid"), (body) => bodies[body]!);
  }

  /** The segmentation and depth of what was drawn last. */
  sight({ width, height, segmentation, inverseDepth }: Raster): Sight {
    return {
      width,
      height,
      segmentation: Uint8Array.from(segmentation, (geom) => (geom < 0 ? BACKGROUND : this.#classes[geom]!)),
      depth: inverseDepth.map((inverse) => (inverse > 0 ? 1 / inverse : 0)),
    };
  }
}
