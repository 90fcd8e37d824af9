import { writeModel } from "../../graph/onnx-write.js";
import { own } from "../../own.js";
import { Session } from "../../runtime/session.js";
import { random } from "../../sim/random.js";
import type { NetworkSpec } from "../../sim/tasks/lesson.js";
import { WorldBatch } from "../../sim/worlds/batch.js";
import type { ContinuousActions, WorldEntry } from "../../sim/worlds/world.js";
import { headInputs } from "../network/network.js";
import { armNetwork, inputsOfHead, type Standardisation } from "./arm-network.js";
import { type ActorCritic, observedInputs, valuesOf } from "./network.js";
import type { ArmPpoRecipe, PpoRecipe } from "./recipe.js";
import type { Subject } from "./subject.js";

/** Episodes that are looked at, and the largest 1/σ, for inputs that hardly vary. */
const EPISODES = 20;
const MOST = 100;

/**
 * The network of a training. That of an arm has the first hidden layer's inputs scaled as they vary at the start; that
 * of a world takes them as they are.
 * @param parameters of the start
 */
export async function prepared(
  { entry, network }: Subject,
  recipe: PpoRecipe | ArmPpoRecipe,
  parameters: Float32Array,
  seed: number,
): Promise<{ readonly network: ActorCritic; readonly standardisation?: Standardisation }> {
  if ("network" in recipe) return { network };
  const { spec, sharpness } = recipe;
  const standardisation = await standardisationOf(entry, spec, network, parameters, seed);
  return { network: armNetwork(spec, sharpness, standardisation), standardisation };
}

/** How the first hidden layer's inputs vary in episodes of random torques, with the parameters of the start. */
async function standardisationOf(
  entry: WorldEntry,
  spec: NetworkSpec,
  network: ActorCritic,
  parameters: Float32Array,
  seed: number,
): Promise<Standardisation> {
  const size = headInputs(spec);
  const { low, high } = entry.facts.actions as ContinuousActions;
  const batch = await WorldBatch.load(entry, { count: EPISODES, seed });
  const { layout } = network;
  const observed = observedInputs(network, EPISODES);
  const weights = layout.inputs("whole");
  const used = Object.entries(weights).filter(([name]) => layout.slots.get(name)!.part === "convolutions");
  const bytes = writeModel({
    name: "inputs",
    inputs: new Map([...used, ...valuesOf(observed).map((value) => [value.name!, value] as const)]),
    outputs: new Map([["inputs", inputsOfHead(spec, weights, observed)]]),
    metadata: new Map(),
    opset: 18,
  });
  const session = await Session.create(bytes, { threads: 1, spinning: false });
  const feeds = Object.fromEntries(
    used.map(([name, { shape }]) => [
      name,
      { dtype: "float32" as const, shape, data: layout.view(parameters, name).slice() },
    ]),
  );
  const source = random(seed);
  const [sums, squares] = [new Float64Array(size), new Float64Array(size)];
  for (let step = 0; step < entry.facts.limit; step++) {
    const outputs = await session.run({
      ...feeds,
      image: { dtype: "uint8", shape: batch.shape, data: batch.observations },
      configuration: { dtype: "float32", shape: [EPISODES, spec.configuration], data: batch.configurations },
    });
    (own(outputs, "inputs")!.data as Float32Array).forEach((value, i) => {
      sums[i % size]! += value;
      squares[i % size]! += value * value;
    });
    batch.step(Array.from({ length: EPISODES }, () => low.map((least, i) => source.between(least, high[i]!))).flat());
  }
  await session.release();
  const count = EPISODES * entry.facts.limit;
  const mean = Float32Array.from(sums, (sum) => sum / count);
  const scale = mean.map((centre, i) =>
    Math.min(MOST, 1 / (Math.sqrt(Math.max(0, squares[i]! / count - centre ** 2)) + 1e-6)),
  );
  return { mean, scale };
}
