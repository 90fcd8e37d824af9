import type { Graph } from "../graph/value.js";
import { median } from "../numbers/quantile.js";
import { Session } from "../runtime/session.js";
import { sampleFeeds } from "./feeds.js";
import { timeRuns } from "./time-runs.js";

/** A network as a file, and its graph. */
interface Model {
  readonly bytes: Uint8Array;
  readonly graph: Graph;
}

/** Median times of one run on this machine, milliseconds. */
export interface Cost {
  readonly forwardMs: number;
  readonly explainedMs: number;
}

const RUNS = 15;

/** Times a policy and its compiled model one after the other, each alone in its session. */
export async function costOf(policy: Model, explained: Model): Promise<Cost> {
  return { forwardMs: await timeOf(policy), explainedMs: await timeOf(explained) };
}

/** Median time of a run, milliseconds. */
async function timeOf({ bytes, graph }: Model): Promise<number> {
  const session = await Session.create(bytes);
  try {
    return median(await timeRuns(session, sampleFeeds(graph.inputs), (runs) => runs < RUNS));
  } finally {
    await session.release();
  }
}
