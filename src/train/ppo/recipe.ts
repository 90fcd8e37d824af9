import type { ArmReward } from "../../sim/arm-world.js";
import type { NetworkSpec } from "../../sim/tasks/lesson.js";
import type { EpisodeKind } from "../../sim/tasks/task.js";
import type { WorldFacts } from "../../sim/worlds/world.js";
import type { PixelLayers, PixelSpec } from "../pixels/spec.js";
import { categorical, gaussian, type Head } from "./heads.js";
import type { PpoSettings } from "./settings.js";

/** What decides the result of a training by reward, whatever it trains. */
interface SharedRecipe {
  readonly algorithm: "ppo";
  /** Pictures that the policy sees at once. */
  readonly frames: number;
  /** False where the convolutions stay random (the control). */
  readonly vision: boolean;
  readonly workers: number;
  readonly ppo: PpoSettings;
}

/** Everything that decides the result of a training in a world, except the seed. */
export interface PpoRecipe extends SharedRecipe {
  readonly network: PixelLayers;
}

/** The same of a training of an arm's policy. */
export interface ArmPpoRecipe extends SharedRecipe {
  readonly spec: NetworkSpec;
  /** Factor on the third convolution's He weights: the softmax temperature at the start. */
  readonly sharpness: number;
  readonly episodes: EpisodeKind;
  readonly reward: ArmReward;
}

/** The policy's network for a world. */
export function specOf({ picture }: WorldFacts, { frames, network }: Pick<PpoRecipe, "frames" | "network">): PixelSpec {
  return { ...network, width: picture.width, height: picture.height, channels: frames * picture.channels };
}

/** The policy's head for a world's actions. */
export const headOf = ({ actions: { kind, names } }: WorldFacts): Head =>
  kind === "discrete" ? categorical(names.length) : gaussian(names.length);

/** The recipe of the control: the convolutions stay random. */
export const withRandomVision = <R extends SharedRecipe>(recipe: R): R => ({ ...recipe, vision: false });
