import { blurred } from "./blurred.js";

/** Edges between neighbouring pixels, diagonal ones too, and their order by the distance of the colours. */
export interface PixelEdges {
  readonly pixels: number;
  readonly from: ArrayLike<number>;
  readonly to: ArrayLike<number>;
  readonly cost: ArrayLike<number>;
  readonly order: Uint32Array;
}

/**
 * Segments of a picture by the edges between its pixels (Felzenszwalb & Huttenlocher, Efficient Graph-Based Image
 * Segmentation, IJCV 2004): a label from 0 on for each pixel, [H, W]. Neighbours are joined in the order of their colours'
 * distance while that is less than either segment's largest inner one plus k / size.
 * @param scale larger ones give larger segments; as scikit-image counts it, 255 k
 * @param least pixels of the smallest segment
 */
export function segmented(edges: PixelEdges, scale: number, least: number): Int32Array {
  const sets = new Sets(edges.pixels);
  const inner = new Float64Array(edges.pixels);
  const k = scale / 255;
  for (const e of edges.order) {
    const [a, b] = [sets.rootOf(edges.from[e]!), sets.rootOf(edges.to[e]!)];
    const cost = edges.cost[e]!;
    if (a === b || cost >= Math.min(inner[a]! + k / sets.sizes[a]!, inner[b]! + k / sets.sizes[b]!)) continue;
    inner[sets.join(a, b)] = cost;
  }
  for (const e of edges.order) {
    const [a, b] = [sets.rootOf(edges.from[e]!), sets.rootOf(edges.to[e]!)];
    if (a !== b && Math.min(sets.sizes[a]!, sets.sizes[b]!) < least) sets.join(a, b);
  }
  const labels = new Map<number, number>();
  return Int32Array.from({ length: edges.pixels }, (_, pixel) => {
    const root = sets.rootOf(pixel);
    const label = labels.get(root) ?? labels.size;
    labels.set(root, label);
    return label;
  });
}

/** Steps to the neighbours that a pixel has an edge to: right, below, and below on either side. */
const STEPS = [
  [0, 1],
  [1, 0],
  [1, 1],
  [-1, 1],
] as const;

/** Edges of a picture [H, W, C]. @param sigma standard deviation of the blur beforehand, pixels */
export function edgesOf(
  picture: Float64Array,
  [height, width, channels]: readonly [number, number, number],
  sigma: number,
): PixelEdges {
  const data = blurred(picture, [height, width, channels], [sigma, sigma], "mirror");
  const [from, to, cost]: [number[], number[], number[]] = [[], [], []];
  for (const [down, right] of STEPS) {
    for (let y = Math.max(0, -down); y < height - Math.max(0, down); y++) {
      for (let x = 0; x < width - right; x++) {
        const [a, b] = [y * width + x, (y + down) * width + x + right];
        let squares = 0;
        for (let c = 0; c < channels; c++) squares += (data[a * channels + c]! - data[b * channels + c]!) ** 2;
        from.push(a);
        to.push(b);
        cost.push(Math.sqrt(squares));
      }
    }
  }
  const order = Uint32Array.from(cost.keys()).sort((a, b) => cost[a]! - cost[b]! || a - b);
  return { pixels: height * width, from, to, cost, order };
}

/** Disjoint sets of pixels. */
class Sets {
  readonly sizes: Int32Array;
  readonly #parent: Int32Array;

  constructor(count: number) {
    this.sizes = new Int32Array(count).fill(1);
    this.#parent = Int32Array.from({ length: count }, (_, i) => i);
  }

  rootOf(pixel: number): number {
    let root = pixel;
    while (this.#parent[root] !== root) root = this.#parent[root]!;
    for (let at = pixel; at !== root; ) {
      const next = this.#parent[at]!;
      this.#parent[at] = root;
      at = next;
    }
    return root;
  }

  /** Joins two sets; the root of the new one. */
  join(a: number, b: number): number {
    const [root, other] = this.sizes[a]! >= this.sizes[b]! ? [a, b] : [b, a];
    this.#parent[other] = root;
    this.sizes[root]! += this.sizes[other]!;
    return root;
  }
}
