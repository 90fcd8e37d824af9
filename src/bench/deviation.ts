import { sizeOf } from "../graph/shape.js";
import type { Graph } from "../graph/value.js";
import { Session, type TensorData } from "../runtime/session.js";

/** A compiled model, to be run on pictures. */
interface Model {
  readonly bytes: Uint8Array;
  readonly graph: Graph;
}

/** Pictures of different kinds, by the place of an element of so many: noise, waves, and a square on black. */
const PICTURES: readonly ((index: number, count: number) => number)[] = [
  (index) => ((Math.imul(index + 1, 2654435761) >>> 8) & 0xffff) / 0x10000,
  (index) => 0.5 + 0.5 * Math.sin(index / 97),
  (index, count) => (Math.abs(index / count - 0.4) < 0.05 ? 0.9 : 0),
];

/** The largest difference of any heatmap's element from the exact one, as a part of that heatmap's largest element. */
export async function deviationOf(fast: Model, exact: Model): Promise<number> {
  const found = await heatmaps(fast);
  const expected = await heatmaps(exact);
  return Math.max(0, ...expected.map((map, i) => distance(found[i]!, map)));
}

async function heatmaps({ bytes, graph }: Model): Promise<Float32Array[]> {
  const session = await Session.create(bytes);
  try {
    const maps: Float32Array[] = [];
    for (const picture of PICTURES) {
      const outputs = await session.run(feedsOf(graph, picture));
      for (const [name, { data }] of Object.entries(outputs))
        if (/^torquelens\.(torque_)?heatmap\./.test(name)) maps.push((data as Float32Array).slice());
    }
    return maps;
  } finally {
    await session.release();
  }
}

function feedsOf(graph: Graph, picture: (index: number, count: number) => number): Record<string, TensorData> {
  const feeds = Array.from(graph.inputs, ([name, { shape, dtype }]) => {
    const size = sizeOf(shape);
    const values = Float32Array.from({ length: size }, (_, i) => picture(i, size));
    const data =
      dtype === "uint8"
        ? Uint8Array.from(values, (x) => 255 * x)
        : name === "torquelens.importance"
          ? values.fill(1)
          : values;
    return [name, { dtype, shape, data }] as const;
  });
  return Object.fromEntries(feeds);
}

function distance(found: Float32Array, expected: Float32Array): number {
  const largest = expected.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  const difference = expected.reduce((most, x, i) => Math.max(most, Math.abs(x - found[i]!)), 0);
  return largest === 0 ? 0 : difference / largest;
}
