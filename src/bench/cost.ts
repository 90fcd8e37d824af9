import type { Graph } from "../graph/value.js";
import { Session } from "../runtime/session.js";
import { sampleFeeds } from "./feeds.js";
import { watchOthers } from "./other-processes.js";
import type { Times } from "./ratios.js";
import { medianTimes, timeRuns } from "./time-runs.js";

/** A network as a file, and its graph. */
interface Model {
  readonly bytes: Uint8Array;
  readonly graph: Graph;
}

/** Median times of one run on this machine. */
export interface Cost {
  readonly forward: Times;
  readonly explained: Times;
  /** Part of the processors that other processes took meanwhile, where it is known. */
  readonly others: number | undefined;
}

const ROUNDS = 3;
const RUNS = 5;

/** Times a policy and its compiled model in turn, each alone in its session. */
export async function costOf(policy: Model, explained: Model): Promise<Cost> {
  const others = watchOthers();
  const times: Record<"forward" | "explained", Times[]> = { forward: [], explained: [] };
  for (let round = 0; round < ROUNDS; round++) {
    times.forward.push(...(await timesOf(policy)));
    times.explained.push(...(await timesOf(explained)));
  }
  return { forward: medianTimes(times.forward), explained: medianTimes(times.explained), others: others() };
}

async function timesOf({ bytes, graph }: Model): Promise<Times[]> {
  const session = await Session.create(bytes);
  try {
    return await timeRuns(session, sampleFeeds(graph.inputs), { warmUp: 2, more: (runs) => runs < RUNS });
  } finally {
    await session.release();
  }
}
