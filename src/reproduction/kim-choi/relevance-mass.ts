import type { Heatmap } from "../../image/heatmap.js";

/** Parts of the camera's image, in the order of the labels of a `Sight`. */
export const PARTS = ["background", "arm", "target"] as const;
export type Part = (typeof PARTS)[number];

/** Location of the image's relevance, means over the ticks that count. */
export interface Mass {
  /** Part of Σ|R| of the image on each part (relevance mass). */
  readonly relevance: Readonly<Record<Part, number>>;
  /** Part of the pixels, which uniform relevance would have. */
  readonly area: Readonly<Record<Part, number>>;
  readonly ticks: number;
}

/** Averages relevance mass over ticks. */
export class MassMeter {
  readonly #relevance = [0, 0, 0];
  readonly #area = [0, 0, 0];
  #ticks = 0;

  /** @param segmentation label of each pixel of the heatmap */
  add({ data }: Pick<Heatmap, "data">, segmentation: Uint8Array): void {
    const sums = [0, 0, 0];
    const pixels = [0, 0, 0];
    for (let i = 0; i < data.length; i++) {
      sums[segmentation[i]!]! += Math.abs(data[i]!);
      pixels[segmentation[i]!]!++;
    }
    const all = sums.reduce((sum, value) => sum + value, 0);
    if (!(all > 0)) return;
    this.#ticks++;
    PARTS.forEach((_, part) => {
      this.#relevance[part]! += sums[part]! / all;
      this.#area[part]! += pixels[part]! / data.length;
    });
  }

  result(): Mass {
    const by = (sums: readonly number[]) =>
      Object.fromEntries(PARTS.map((part, p) => [part, sums[p]! / this.#ticks])) as Record<Part, number>;
    return { relevance: by(this.#relevance), area: by(this.#area), ticks: this.#ticks };
  }
}
