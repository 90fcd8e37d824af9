import { expect, test } from "vitest";
import { worldFigures } from "#src/evaluation/world-figures.js";
import { attentionIn } from "#src/explain/attention.js";
import { sizeOf } from "#src/graph/shape.js";
import { Session } from "#src/runtime/session.js";
import { random } from "#src/sim/random.js";
import type { WorldFacts } from "#src/sim/worlds/world.js";
import { worldNamed } from "#src/sim/worlds/worlds.js";
import { ARCHITECTURES } from "#src/train/pixels/architectures.js";
import { actingModel } from "#src/train/ppo/policy-model.js";
import { ppoRecipe } from "#src/train/ppo/recipes.js";
import { relativeError } from "../../evaluate.js";
import { attentivePolicy, fileOf } from "./world-policy.js";

const { facts } = worldNamed("red-fetch-green");
const usual = ppoRecipe("red-fetch-green", {});
const DRIVING: WorldFacts = {
  ...facts,
  picture: { width: 20, height: 16, channels: 3 },
  actions: { kind: "continuous", names: ["steering", "throttle"], units: ["rad", "1"], low: [-1, 0], high: [1, 1] },
};

test.each([
  ["actions, one frame", facts, usual],
  ["actions, two frames", facts, { ...usual, frames: 2 }],
  [
    "continuous commands, overlapping kernels",
    DRIVING,
    { ...usual, network: { ...usual.network, convolutions: [{ filters: 4, kernel: 5, stride: 2 }] } },
  ],
])("the file commands what the network in training does: %s", async (_, world, recipe) => {
  const { policy, network, parameters } = fileOf(world, recipe);
  const { layout } = network;
  expect(policy.outputs.map(({ name }) => name)).toEqual(world.actions.names);
  const source = random(4);
  const data = Uint8Array.from({ length: sizeOf(network.image) }, () => source.integer(256));
  const image = { dtype: "uint8" as const, shape: [1, ...network.image], data };
  const acting = await Session.create(actingModel(network, 1));
  const weights = Object.fromEntries(
    acting.inputNames.flatMap((name) => {
      if (name === "image") return [];
      const { shape } = layout.slots.get(name)!;
      return [[name, { dtype: "float32" as const, shape, data: layout.view(parameters, name).slice() }]];
    }),
  );
  const expected = await acting.run({ ...weights, image });
  const file = await Session.create(policy.bytes);
  const found = await file.run({ image });
  await Promise.all([acting.release(), file.release()]);
  const [values] = Object.values(found);
  // Continuous commands leave in their units: the throttle from 0 to 1, in training from -1 to 1.
  const inUnits = (value: number, i: number): number => (world === DRIVING && i === 1 ? 0.5 + 0.5 * value : value);
  const wanted = (expected.policy!.data as Float32Array).map(inUnits);
  expect(relativeError(values!.data as Float32Array, wanted)).toBeLessThan(1e-5);
});

test("a network with attention has the map of its places as another output, and the card says what they see", async () => {
  const policy = attentivePolicy();
  const places = { count: 4, extent: 64, stride: 8, field: 36, padding: 0 };
  expect(policy.attention).toEqual([
    { tensor: "attention", modality: "image", queries: ["attention"], down: places, across: places },
  ]);
  const source = random(5);
  const shape = [1, 3, 64, 64];
  const data = Uint8Array.from({ length: 3 * 64 * 64 }, () => source.integer(256));
  const session = await Session.create(policy.bytes);
  const found = await session.run({ image: { dtype: "uint8", shape, data } });
  await session.release();
  expect(Object.keys(found)).toEqual(["logits", "attention"]);
  expect(found.attention!.shape).toEqual([1, 1, 4, 4]);
  // SoftPlus is positive: 60 × 60 pixels are in a field of 36 at a stride of 8, none beyond.
  const [map] = attentionIn(policy, found).image!;
  const seen = [...map!.data].map((x, i) => x > 0 && i % 64 < 60 && i < 60 * 64);
  expect(seen.filter(Boolean)).toHaveLength(3600);
  expect([...map!.data].filter((x) => x > 0)).toHaveLength(3600);
});

test.each(Object.keys(ARCHITECTURES).filter((name) => ARCHITECTURES[name]!.layers.attention))(
  "the card of %s says where its attention lies",
  (name) => {
    const [attention, ...others] = attentivePolicy(name).attention;
    expect(others).toEqual([]);
    const { count, extent, stride, field, padding } = attention!.down;
    expect([extent, attention!.across]).toEqual([64, attention!.down]);
    // The last place sees the image, and no further one fits.
    expect((count - 1) * stride + field - 2 * padding).toBeLessThanOrEqual(extent);
    expect(count * stride + field - 2 * padding).toBeGreaterThan(extent);
  },
);

test("figures of a policy count episodes of its world, the same for one seed", async () => {
  const { policy } = fileOf(facts, usual);
  const parts: number[] = [];
  const options = { episodes: 2, seed: 3, done: (part: number) => void parts.push(part) };
  const figures = await worldFigures(policy, "red-fetch-green", options);
  expect(figures).toMatchObject({ episodes: 2, seed: 3 });
  for (const key of ["success", "frozen", "first"]) expect([0, 1, 2]).toContain(figures[key]);
  expect(parts).toEqual([1, 2, 3, 4, 5, 6].map((count) => count / 6));
  expect(await worldFigures(policy, "red-fetch-green", { episodes: 2, seed: 3 })).toEqual(figures);
});
