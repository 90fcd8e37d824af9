import { feedsOf } from "../explain/feeds.js";
import type { Observation } from "../explain/observation.js";
import { subjectOf } from "../explain/subject.js";
import { writeModel } from "../graph/onnx-write.js";
import { mean } from "../numbers/mean.js";
import { own } from "../own.js";
import type { Policy } from "../policy/policy.js";
import type { DataMeans } from "../policy/under-convention.js";
import { COORDINATES, pointCoordinates } from "../relevance/derived/point-coordinates.js";
import { Session } from "../runtime/session.js";

/** Means of a policy's inputs and feature points over observations. */
export async function dataMeans(policy: Policy, observations: readonly Observation[]): Promise<DataMeans> {
  const over = (all: readonly ArrayLike<number>[]) =>
    Array.from({ length: all[0]?.length ?? 0 }, (_, i) => mean(all, (one) => one[i]!));
  const named = policy.modalities.filter(({ kind }) => kind === "values");
  return {
    values: Object.fromEntries(
      named.map(({ name }) => [name, over(observations.map(({ values }) => own(values, name)!))]),
    ),
    points: over(await coordinates(policy, observations)),
  };
}

/** Coordinates of the feature points, [n], for each observation; empty for a policy without a soft-argmax. */
async function coordinates(policy: Policy, observations: readonly Observation[]): Promise<Float32Array[]> {
  const graph = pointCoordinates(subjectOf(policy));
  if (!graph) return [];
  const session = await Session.create(writeModel(graph), { threads: 1, spinning: false });
  try {
    const found: Float32Array[] = [];
    for (const observation of observations)
      found.push((await session.run(feedsOf(policy, observation)))[COORDINATES]!.data as Float32Array);
    return found;
  } finally {
    await session.release();
  }
}
