import { createHash } from "node:crypto";
import { feedsOf } from "../explain/feeds.js";
import { Memory } from "../explain/memory.js";
import type { Observation } from "../explain/observation.js";
import { writeModel } from "../graph/onnx-write.js";
import { own } from "../own.js";
import type { ImageModality } from "../policy/modalities.js";
import type { Policy } from "../policy/policy.js";
import { Session, type TensorData } from "../runtime/session.js";
import { SimulatedWorld } from "../sim/simulated-world.js";
import { worldNamed } from "../sim/worlds/worlds.js";

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

type Tensors = Readonly<Record<string, TensorData>>;

/** What a policy commands at a step, and all of its outputs where it carries state to the next one. */
export interface Decision {
  readonly values: ArrayLike<number>;
  /** Where the action acts, of a policy that says so. */
  readonly mask?: ArrayLike<number> | undefined;
  readonly outputs?: Tensors;
}

/**
 * A policy's decision on the image that it is shown, and on its other inputs; where it remembers nothing, the same
 * whenever it is asked for in an episode.
 */
export type Decide = (image: TensorData, episode: number, feeds: Tensors) => Promise<Decision>;

interface Watch {
  readonly signal?: AbortSignal | undefined;
  /** Called after each episode. */
  readonly done?: (() => void) | undefined;
  readonly see?: See;
  readonly shown?: Shown | undefined;
}

type Told = Pick<Observation, "images" | "values" | "instruction" | "first">;

/** Gives what a policy is told in place of an observation of the world. */
export type Shown = (observation: Told, episode: number, step: number) => Told;

/** Called at every step, before the action. */
export type See = (world: SimulatedWorld, image: TensorData, episode: number, step: number) => void;

/** The image of a policy that sees a world. */
export const imageOf = ({ modalities }: Policy): ImageModality =>
  modalities.find((modality): modality is ImageModality => modality.kind === "image")!;

/** True where a policy sees pictures alone, whose tensor says all that it decides on. */
export const seesAlone = ({ modalities }: Policy): boolean => modalities.every(({ kind }) => kind === "image");

/**
 * Plays episodes of a world. An image that was seen before in an episode is not decided about again by a policy that sees
 * images alone.
 */
export async function playEpisodes(
  policy: Policy,
  worldName: string,
  { seed, first, episodes }: PlayOptions,
  decide: Decide,
  { signal, done, see, shown = (observation) => observation }: Watch = {},
): Promise<Played[]> {
  const world = await SimulatedWorld.load(worldNamed(worldName));
  const { name, input } = imageOf(policy);
  const { width, height, encoding } = world;
  const memory = new Memory(policy);
  const pure = seesAlone(policy);
  const ends: Played[] = [];
  for (let episode = first; episode < first + episodes; episode++) {
    world.reset(seed, episode);
    const decided = new Map<string, Decision>();
    let step = 0;
    while (step < world.ticks && !world.isOver()) {
      signal?.throwIfAborted();
      const { image: data, values, instruction } = world.observe();
      const image = { width, height, encoding, data, frameId: world.cameraFrame };
      const told = instruction !== undefined && { instruction };
      const observation = shown({ images: { [name]: image }, values, ...told, first: step === 0 }, episode, step);
      const feeds = memory.add(observation, (window) => feedsOf(policy, observation, window));
      const seen = own(feeds, input)!;
      see?.(world, seen, episode, step);
      const key = createHash("sha1")
        .update(seen.data as Uint8Array)
        .digest("base64");
      const decision = decided.get(key) ?? (await decide(seen, episode, feeds));
      if (pure) decided.set(key, decision);
      else if (decision.outputs) memory.keep(decision.outputs);
      world.step(decision.values, decision.mask);
      step++;
    }
    ends.push({ sum: world.sumOfRewards(), success: world.success(), steps: step });
    done?.();
  }
  return ends;
}

/** Gives `work` a policy's own decisions, and frees them after. */
export async function deciding<T>(policy: Policy, work: (decide: Decide) => Promise<T>): Promise<T> {
  const { graph, command, card, mask } = policy;
  const names = [command, ...Object.values(card.state), ...(mask ? [mask.tensor] : [])];
  const outputs = new Map(names.map((name) => [name, graph.outputs.get(name)!]));
  const session = await Session.create(writeModel({ ...graph, outputs }), { threads: 1, spinning: false });
  try {
    return await work(async (_, __, feeds) => {
      const found = await session.run(feeds);
      const values = own(found, command)!.data as Float32Array;
      return { values, mask: mask && (own(found, mask.tensor)!.data as Float32Array), outputs: found };
    });
  } finally {
    await session.release();
  }
}
