import { InputError } from "../../errors.js";
import { feedsOf } from "../../explain/feeds.js";
import { Memory } from "../../explain/memory.js";
import { weightsIn } from "../../explain/weight-feeds.js";
import { type FrameSize, Screen } from "../../gaze/screen.js";
import { fixationsOf, type Step, stepsOf } from "../../gaze/steps.js";
import type { Trial } from "../../gaze/trial.js";
import type { ImageModality } from "../../policy/modalities.js";
import type { Policy } from "../../policy/policy.js";
import { Session } from "../../runtime/session.js";
import { attentionOn, type MapMaker } from "./map-maker.js";
import { type Measured, measured, type OverFrames, overFrames } from "./measures.js";

/** Measures of one kind of maps over a trial. */
export interface GazeFound {
  readonly kind: string;
  readonly trial: string;
  readonly found: OverFrames;
}

export interface GazeOptions {
  /** What makes the maps, by their kinds. */
  readonly makers: ReadonlyMap<string, MapMaker>;
  /** Steps of each trial at most. */
  readonly most: number;
  /** Called after each step. */
  readonly done: () => void;
  readonly signal?: AbortSignal;
}

/** Steps of all trials that are measured. */
export const gazeSteps = (policy: Policy, trials: readonly Trial[], most: number): readonly (readonly Step[])[] =>
  trials.map(({ labels }) => stepsOf(labels, gazeImage(policy).frames).slice(0, most));

/**
 * The image of a policy that sees nothing else; state that it carries counts as nothing else.
 * @throws InputError for other inputs, which a trial does not have
 */
export function gazeImage({ modalities, path }: Policy): ImageModality {
  const images = modalities.filter((modality): modality is ImageModality => modality.kind === "image");
  const other = modalities.find((modality) => modality.kind === "values" && !modality.isCarried);
  if (images.length !== 1 || other)
    throw new InputError(
      `${path}: sees ${modalities.map(({ name }) => name).join(", ")}, expected one image alone, which is all that a trial has`,
    );
  return images[0]!;
}

/**
 * How well maps of a policy tell where people look (Nikulin et al. 2019, §4.3, Table 4): the policy sees the frames of
 * trials as Atari policies do, its maps are stretched to the frames, and every point of gaze at a frame that it sees counts
 * as a fixation. Other fixations are those of all other steps.
 */
export async function gazeMeasures(
  policy: Policy,
  trials: readonly Trial[],
  { makers, most, done, signal }: GazeOptions,
): Promise<GazeFound[]> {
  const image = gazeImage(policy);
  const screens = trials.map((trial) => new Screen(trial, image));
  const steps = gazeSteps(policy, trials, most);
  const size = await sizeOf(screens);
  const total = new Float64Array(size.width * size.height);
  for (const [t, { labels }] of trials.entries())
    for (const { seen } of steps[t]!)
      for (const [pixel, count] of fixationsOf(labels, seen, size).entries()) total[pixel]! += count;
  const session = await Session.create(policy.bytes, { threads: 1, spinning: false });
  try {
    const found: GazeFound[] = [];
    for (const [t, { path, labels }] of trials.entries()) {
      const memory = new Memory(policy);
      const all = new Map<string, Measured[]>(Array.from(makers.keys(), (kind) => [kind, []]));
      for (const { first, shown, seen } of steps[t]!) {
        signal?.throwIfAborted();
        const observation = { images: { [image.name]: await screens[t]!.image(shown) }, values: {}, first };
        const feeds = memory.add(observation, (window) => feedsOf(policy, observation, window));
        const outputs = await session.run(feeds);
        memory.keep(outputs);
        const fixations = fixationsOf(labels, seen, size);
        const others = total.map((count, pixel) => count - fixations[pixel]!);
        const moment = {
          feeds,
          weights: weightsIn([], policy.outputs),
          attention: attentionOn(policy, image, outputs),
        };
        for (const [kind, maker] of makers) {
          const map = screens[t]!.onFrame((await maker.of(moment)).map(Math.abs));
          all.get(kind)!.push(measured(map, fixations, others, size));
        }
        done();
      }
      for (const [kind, measures] of all) found.push({ kind, trial: path, found: overFrames(measures) });
    }
    return found;
  } finally {
    await session.release();
  }
}

/** The size that the frames of all trials have. @throws InputError where they differ */
async function sizeOf(screens: readonly Screen[]): Promise<FrameSize> {
  const [first, ...others] = await Promise.all(screens.map((screen) => screen.size()));
  const other = others.find(({ width, height }) => width !== first!.width || height !== first!.height);
  if (other) throw new InputError(`frames of ${other.width}×${other.height} beside ${first!.width}×${first!.height}`);
  return first!;
}
