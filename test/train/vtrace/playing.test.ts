import { expect, test } from "vitest";
import { simulatedFor } from "#src/cli/input/sim-task.js";
import { worldFigures } from "#src/evaluation/world-figures.js";
import { deciding, playEpisodes } from "#src/evaluation/world-play.js";
import { Explainer } from "#src/explain/explainer.js";
import { chosenOf } from "#src/outputs/choice.js";
import { Session } from "#src/runtime/session.js";
import { SimulatedSource } from "#src/sim/source.js";
import { WorldBatch } from "#src/sim/worlds/batch.js";
import { worldNamed } from "#src/sim/worlds/worlds.js";
import { queryPolicyFile } from "./query-policy.js";

const WORLD = "red-fetch-green";
const EPISODES = 2;
/** Seed of a policy whose episodes end in different ways. */
const SEED = 6;
const { policy } = queryPolicyFile(SEED);

/** Returns and steps of the episodes, fed by hand: the state, the last action and its reward. */
async function played(feed: { readonly state: boolean; readonly told: boolean }) {
  const batch = await WorldBatch.load(worldNamed(WORLD), { count: 1, seed: 0 });
  const session = await Session.create(policy.bytes);
  const floats = (length: number) => new Float32Array(length);
  const ends: { readonly sum: number; readonly steps: number; readonly actions: string }[] = [];
  for (let episode = 0; episode < EPISODES; episode++) {
    const [action, reward] = [floats(4), floats(1)];
    const state = Object.entries(policy.card.state).map(([input, output]) => {
      const { shape } = policy.graph.inputs.get(input)!;
      return { input, output, shape, data: floats(shape.reduce((a, b) => a * b, 1)) };
    });
    let actions = "";
    do {
      const outputs = await session.run({
        image: { dtype: "uint8", shape: batch.shape, data: batch.observations },
        previous_action: { dtype: "float32", shape: [1, 4], data: action },
        previous_reward: { dtype: "float32", shape: [1, 1], data: reward },
        ...Object.fromEntries(state.map(({ input, ...tensor }) => [input, { dtype: "float32" as const, ...tensor }])),
      });
      const taken = chosenOf(outputs.logits!.data as Float32Array);
      actions += taken;
      batch.step([taken]);
      if (feed.state) for (const { output, data } of state) data.set(outputs[output]!.data as Float32Array);
      if (!feed.told) continue;
      action.fill(0);
      action[taken] = 1;
      reward[0] = batch.rewards[0]!;
    } while (batch.terminated[0] === 0 && batch.truncated[0] === 0);
    ends.push({ sum: batch.returns[0]!, steps: batch.lengths[0]!, actions });
  }
  await session.release();
  return ends;
}

test("a policy that remembers plays the same wherever it plays: by hand, simulated and explained, in figures", async () => {
  const wanted = await played({ state: true, told: true });
  // What it carries, and what it is told, both matter to what it does.
  expect(await played({ state: false, told: true })).not.toEqual(wanted);
  expect(await played({ state: true, told: false })).not.toEqual(wanted);

  const ends = await deciding(policy, (decide) =>
    playEpisodes(policy, WORLD, { seed: 0, first: 0, episodes: EPISODES }, decide),
  );
  expect(ends.map(({ sum, steps }) => ({ sum, steps }))).toEqual(wanted.map(({ sum, steps }) => ({ sum, steps })));

  const explainer = await Explainer.create(policy, { levels: ["full"], worker: false });
  const actions: string[] = [];
  const source = new SimulatedSource({
    task: await simulatedFor(policy, WORLD, {}),
    seed: 0,
    episodes: EPISODES,
    speed: 0,
  });
  for await (const observation of source.observations()) {
    const explanation = await explainer.explain(observation);
    expect(explanation.attention.image).toHaveLength(2);
    source.accept(explanation);
    const taken = String(chosenOf(explanation.torque));
    if (observation.first) actions.push(taken);
    else actions[actions.length - 1] += taken;
  }
  await explainer.close();
  await source.close();
  expect(actions).toEqual(wanted.map((end) => end.actions));

  const figures = await worldFigures(policy, WORLD, { episodes: EPISODES });
  const sum = wanted.reduce((all, end) => all + end.sum, 0);
  expect(figures.return).toBeCloseTo(sum / EPISODES, 4);
});
