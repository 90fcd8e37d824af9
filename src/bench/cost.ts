import type { Graph } from "../graph/value.js";
import { median } from "../numbers/quantile.js";
import { Session, type TensorData } from "../runtime/session.js";

/** Median times of one run on this machine, milliseconds. */
export interface Cost {
  readonly forwardMs: number;
  readonly explainedMs: number;
}

const WARM_UP = 3;
const RUNS = 15;

/** Runs a policy's network and its explained one after another, each alone in its session, and takes the medians. */
export async function costOf(
  policy: { readonly bytes: Uint8Array; readonly graph: Graph },
  explained: { readonly bytes: Uint8Array; readonly graph: Graph },
): Promise<Cost> {
  return { forwardMs: await timeOf(policy), explainedMs: await timeOf(explained) };
}

/** Median time of a run, milliseconds. */
async function timeOf({ bytes, graph }: { readonly bytes: Uint8Array; readonly graph: Graph }): Promise<number> {
  const session = await Session.create(bytes);
  try {
    const feeds = sampleFeeds(graph);
    const times: number[] = [];
    for (let run = 0; run < WARM_UP + RUNS; run++) {
      const start = performance.now();
      await session.run(feeds);
      if (run >= WARM_UP) times.push(performance.now() - start);
    }
    return median(times);
  } finally {
    await session.release();
  }
}

/** Numbers of no meaning for every input: bytes over their whole range, floats between −1 and 1. */
function sampleFeeds(graph: Graph): Record<string, TensorData> {
  const feeds = Array.from(graph.inputs, ([name, { shape, dtype }]) => {
    const size = shape.reduce((product, extent) => product * extent, 1);
    const waves = Float64Array.from({ length: size }, (_, index) => Math.sin(index + 1));
    const data =
      dtype === "uint8"
        ? Uint8Array.from(waves, (wave) => 127.5 * (1 + wave))
        : dtype === "float64"
          ? waves
          : Float32Array.from(waves);
    return [name, { dtype, shape, data } satisfies TensorData] as const;
  });
  return Object.fromEntries(feeds);
}
