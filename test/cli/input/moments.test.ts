import { expect, it } from "vitest";
import { stringify } from "yaml";
import { momentsOfEpisode } from "#src/cli/input/moments.js";
import { readModel } from "#src/graph/onnx-read.js";
import { parseCard } from "#src/policy/card.js";
import { policyOf } from "#src/policy/policy.js";
import { Session } from "#src/runtime/session.js";
import { WorldBatch } from "#src/sim/worlds/batch.js";
import { worldNamed } from "#src/sim/worlds/worlds.js";
import { worldPolicy } from "../../sim/worlds/policies.js";

it("gives the pictures that a policy saw in its world, earlier ones too", async () => {
  const entry = worldNamed("highway");
  const { bytes, card } = worldPolicy(entry.facts, { frames: 2 });
  const model = { path: "policy.onnx", bytes, sha256: "", graph: readModel(bytes, "policy.onnx") };
  const policy = policyOf(model, {
    card: parseCard(stringify(card), "policy.yaml"),
    source: "policy.yaml",
    folder: ".",
  });
  const moments = await momentsOfEpisode(policy, "highway", 7, 5);

  const batch = await WorldBatch.load(entry, { count: 1, seed: 7, frames: 2 });
  const session = await Session.create(bytes);
  const seen: number[][] = [];
  do {
    const data = (batch.observations as Uint8Array).slice();
    seen.push(Array.from(data));
    const { output } = await session.run({ image: { dtype: "uint8", shape: batch.shape, data } });
    batch.step(output!.data as Float32Array);
  } while (batch.terminated[0] === 0 && batch.truncated[0] === 0);
  await session.release();

  expect(moments.map(({ tick }) => tick)).toEqual([1, 3, 5, 7, 9].map((part) => Math.floor((part * seen.length) / 10)));
  for (const { tick, feeds, weights } of moments) {
    expect(Array.from(feeds.image!.data as Float32Array)).toEqual(seen[tick]);
    expect(weights).toEqual({ each: Float32Array.of(1, 1), chosen: 0 });
  }
  const half = seen[0]!.length / 2;
  // The two pictures of a moment differ: the road moves.
  expect(seen.at(-1)!.slice(0, half)).not.toEqual(seen.at(-1)!.slice(half));
});
