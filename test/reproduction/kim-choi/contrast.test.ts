import { describe, expect, it } from "vitest";
import { cosine } from "#src/analysis/similarity.js";
import { weightsOf } from "#src/explain/heatmap-subject.js";
import type { Observation } from "#src/explain/observation.js";
import { subjectOf } from "#src/explain/subject.js";
import { mean } from "#src/numbers/mean.js";
import { shippedPolicy } from "#src/package-files.js";
import { loadPolicy, type Policy } from "#src/policy/policy.js";
import { CONTRAST_METHOD } from "#src/relevance/contract/contrast.js";
import type { Subject } from "#src/relevance/contract/subject.js";
import { parameterLayers, randomised } from "#src/relevance/derived/randomised.js";
import { Compiled } from "#src/reproduction/kim-choi/compiled.js";
import { record } from "#src/reproduction/kim-choi/episodes.js";
import { firstImage } from "#src/reproduction/kim-choi/sanity.js";
import { random } from "#src/sim/random.js";
import { loadTask } from "#src/sim/tasks/tasks.js";

const TICKS = 4;

/** Ticks of an episode while the arm moves. */
async function observations(policy: Policy, task: string): Promise<Observation[]> {
  const { width, height } = firstImage(policy);
  const { episodes } = await record(policy, await loadTask(task, { width, height }), { seed: 3, episodes: 1 });
  return Array.from({ length: TICKS }, (_, i) => episodes[0]!.ticks[2 + 5 * i]!.observation);
}

/** Maps of every joint at every tick: alone, or rather than the others. */
async function mapsOf(policy: Policy, subject: Subject, seen: readonly Observation[], isContrast: boolean) {
  const { joints } = policy.card;
  const model = await Compiled.create(policy, subject, isContrast ? CONTRAST_METHOD : "dtd", "heatmap");
  const all: Float32Array[][] = [];
  for (const observation of seen) {
    const maps: Float32Array[] = [];
    for (const joint of joints) {
      const alpha = { each: Float32Array.from(observation.importance), chosen: 0 };
      const weights = weightsOf(isContrast ? { contrast: joint } : { heatmapOf: joint }, alpha, policy.outputs);
      const outputs = await model.run({ ...observation, importance: Float64Array.from(weights.each) });
      maps.push(outputs[`torquelens.heatmap.${firstImage(policy).input}`]!.data as Float32Array);
    }
    all.push(maps);
  }
  await model.close();
  return all;
}

const betweenTorques = (all: readonly Float32Array[][]) =>
  mean(
    all.flatMap((maps) => maps.flatMap((a, j) => maps.slice(j + 1).map((b) => cosine(a, b)))),
    (x) => x,
  );
const toOthers = (all: readonly Float32Array[][], others: readonly Float32Array[][]) =>
  mean(
    all.flatMap((maps, i) => maps.map((map, j) => cosine(map, others[i]![j]!))),
    (x) => x,
  );

describe.each(["reacher", "peg", "door"])("contrasts of the shipped %s", (task) => {
  it("differ between torques and change with the layers that are drawn anew; dtd's change only with the first ones", async () => {
    const policy = await loadPolicy(shippedPolicy(task));
    const seen = await observations(policy, task);
    const own = subjectOf(policy);
    const layers = parameterLayers(own);
    // With the same seed each step only adds a layer.
    const cascade = layers.map((_, last) => randomised(own, layers.slice(0, last + 1), random(1).normal));
    const maps = await mapsOf(policy, own, seen, true);
    expect(betweenTorques(maps)).toBeLessThan(0.7);
    for (const [step, subject] of cascade.entries()) {
      const alike = Math.abs(toOthers(maps, await mapsOf(policy, subject, seen, true)));
      expect(alike, layers[step]!.name).toBeLessThan(step + 1 < layers.length ? 0.7 : 0.3);
    }
    const plain = await mapsOf(policy, own, seen, false);
    expect(betweenTorques(plain)).toBeGreaterThan(0.99);
    expect(toOthers(plain, await mapsOf(policy, cascade[0]!, seen, false))).toBeGreaterThan(0.99);
  });
});
