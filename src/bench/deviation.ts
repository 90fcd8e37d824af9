import type { Graph } from "../graph/value.js";
import { Session } from "../runtime/session.js";
import { NOISE, SQUARE, sampleFeeds, WAVES } from "./feeds.js";

/** A compiled model. */
interface Model {
  readonly bytes: Uint8Array;
  readonly graph: Graph;
}

const PICTURES = [NOISE, WAVES, SQUARE];

/**
 * The largest difference of a heatmap's element from the exact one, as a part of that heatmap's largest element, over
 * pictures of noise, waves and a square.
 */
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
      const outputs = await session.run(sampleFeeds(graph.inputs, picture));
      for (const [name, { data }] of Object.entries(outputs))
        if (/^torquelens\.(torque_)?heatmap\./.test(name)) maps.push((data as Float32Array).slice());
    }
    return maps;
  } finally {
    await session.release();
  }
}

function distance(found: Float32Array, expected: Float32Array): number {
  const largest = expected.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  const difference = expected.reduce((most, x, i) => Math.max(most, Math.abs(x - found[i]!)), 0);
  return largest === 0 ? 0 : difference / largest;
}
