import type { Heatmap } from "../image/heatmap.js";

/** Parts of the camera's image, by the labels of `sim/sight.ts`. */
export const PARTS = ["background", "arm", "target"] as const;
export type Part = (typeof PARTS)[number];

/** Where the image's relevance lies, means over the ticks that count. */
export interface Mass {
  /** Σ|R| on each part, of Σ|R| over the image (relevance mass). */
  readonly relevance: Readonly<Record<Part, number>>;
  /** Pixels of each part, of all: what relevance spread evenly would have. */
  readonly area: Readonly<Record<Part, number>>;
  readonly ticks: number;
}

/** Gathers relevance mass over ticks. */
export class MassMeter {
  readonly #relevance = [0, 0, 0];
  readonly #area = [0, 0, 0];
  #ticks = 0;

  /** @param segmentation a label a pixel of the heatmap */
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
