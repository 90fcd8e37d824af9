import { createHash } from "node:crypto";
import { feedsOf } from "../../explain/feeds.js";
import { Memory } from "../../explain/memory.js";
import { writeModel } from "../../graph/onnx-write.js";
import { own } from "../../own.js";
import type { ImageModality } from "../../policy/modalities.js";
import type { Policy } from "../../policy/policy.js";
import { Session, type TensorData } from "../../runtime/session.js";
import { SimulatedWorld } from "../../sim/simulated-world.js";
import { worldNamed } from "../../sim/worlds/worlds.js";
import type { Progress } from "../progress.js";

/** End of an episode. */
export interface Played {
  /** Sum of its rewards. */
  readonly sum: number;
  readonly success: boolean;
  readonly steps: number;
}

export interface PlayOptions {
  readonly seed: number;
  /** Episodes, from the first on. */
  readonly first: number;
  readonly episodes: number;
}

/** First of the episodes that returns are of, apart from those of a saliency set. */
export const PLAYED_FROM = 100_000;

/** A policy's outputs for the image that it is shown, the same whenever they are asked for in an episode. */
export type Decide = (image: TensorData, episode: number) => Promise<ArrayLike<number>>;

/** Called at every step, before the action. */
export type See = (world: SimulatedWorld, image: TensorData, episode: number, step: number) => void;

/** The image of a policy that sees a world. */
export const imageOf = ({ modalities }: Policy): ImageModality =>
  modalities.find((modality): modality is ImageModality => modality.kind === "image")!;

/** Plays episodes of a world. An image that was seen before in an episode is not decided about again. */
export async function playEpisodes(
  policy: Policy,
  worldName: string,
  { seed, first, episodes }: PlayOptions,
  decide: Decide,
  { signal, done, see }: Progress & { readonly see?: See } = {},
): Promise<Played[]> {
  const world = await SimulatedWorld.load(worldNamed(worldName));
  const { name, input } = imageOf(policy);
  const { width, height, encoding } = world;
  const memory = new Memory(policy);
  const ends: Played[] = [];
  for (let episode = first; episode < first + episodes; episode++) {
    world.reset(seed, episode);
    const decided = new Map<string, ArrayLike<number>>();
    let step = 0;
    while (step < world.ticks && !world.isOver()) {
      signal?.throwIfAborted();
      const image = { width, height, encoding, data: world.observe().image, frameId: world.cameraFrame };
      const observation = { images: { [name]: image }, values: {}, first: step === 0 };
      const seen = own(
        memory.add(observation, (window) => feedsOf(policy, observation, window)),
        input,
      )!;
      see?.(world, seen, episode, step);
      const key = createHash("sha1")
        .update(seen.data as Uint8Array)
        .digest("base64");
      const values = decided.get(key) ?? (await decide(seen, episode));
      decided.set(key, values);
      world.step(values);
      step++;
    }
    ends.push({ sum: world.sumOfRewards(), success: world.success(), steps: step });
    done?.();
  }
  return ends;
}

/** Gives `work` a policy's own decisions, and frees them after. */
export async function deciding<T>(policy: Policy, work: (decide: Decide) => Promise<T>): Promise<T> {
  const { graph, command } = policy;
  const outputs = new Map([[command, graph.outputs.get(command)!]]);
  const session = await Session.create(writeModel({ ...graph, outputs }), { threads: 1, spinning: false });
  const { input } = imageOf(policy);
  try {
    return await work(async (image) => own(await session.run({ [input]: image }), command)!.data as Float32Array);
  } finally {
    await session.release();
  }
}
