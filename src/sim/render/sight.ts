import type { Model } from "../../arm/model.js";
import type { Raster } from "./raster.js";

/** Labels of pixels. */
export const BACKGROUND = 0;
export const ARM = 1;
export const TARGET = 2;

/** Segmentation and depth of one camera image, row-major. */
export interface Sight {
  readonly width: number;
  readonly height: number;
  /** Label of each pixel: `BACKGROUND`, `ARM` (with its tool) or `TARGET`, [height, width]. */
  readonly segmentation: Uint8Array;
  /** Distance along the optical axis, metres; 0 where nothing was drawn, [height, width]. */
  readonly depth: Float32Array;
}

/** Labels the pixels of rendered images by the bodies of their geoms. */
export class Segmenter {
  /** Label of each geom. */
  readonly #labels: Uint8Array;

  /** `arm` and `target` are bodies; their descendants get the same label. */
  constructor(model: Model, { arm, target }: { readonly arm: string; readonly target: string }) {
    const parents = model.arrays.get("body_parentid");
    const bodies = new Uint8Array(model.nbody);
    bodies[model.id("body", arm)] = ARM;
    bodies[model.id("body", target)] = TARGET;
    // Parents come before children in a model.
    for (let body = 1; body < model.nbody; body++) bodies[body] ||= bodies[parents[body]!]!;
    this.#labels = Uint8Array.from(model.arrays.get("geom_bodyid"), (body) => bodies[body]!);
  }

  /** Segmentation and depth of the last image drawn. */
  sight({ width, height, segmentation, inverseDepth }: Raster): Sight {
    const labels = new Uint8Array(segmentation.length);
    const depth = new Float32Array(segmentation.length);
    for (let pixel = 0; pixel < labels.length; pixel++) {
      const geom = segmentation[pixel]!;
      labels[pixel] = geom < 0 ? BACKGROUND : this.#labels[geom]!;
      const inverse = inverseDepth[pixel]!;
      depth[pixel] = inverse > 0 ? 1 / inverse : 0;
    }
    return { width, height, segmentation: labels, depth };
  }
}
