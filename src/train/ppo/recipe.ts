import type { WorldFacts } from "../../sim/worlds/world.js";
import type { PixelLayers, PixelSpec } from "../pixels/spec.js";
import { categorical, gaussian, type Head } from "./heads.js";
import type { PpoSettings } from "./settings.js";

/** Everything that decides the result of a training by reward, except the seed. */
export interface PpoRecipe {
  readonly algorithm: "ppo";
  /** Pictures that the policy sees at once. */
  readonly frames: number;
  readonly network: PixelLayers;
  /** False where the convolutions stay random (the control). */
  readonly vision: boolean;
  readonly workers: number;
  readonly ppo: PpoSettings;
}

/** The policy's network for a world. */
export function specOf({ picture }: WorldFacts, { frames, network }: PpoRecipe): PixelSpec {
  return { ...network, width: picture.width, height: picture.height, channels: frames * picture.channels };
}

/** The policy's head for a world's actions. */
export const headOf = ({ actions: { kind, names } }: WorldFacts): Head =>
  kind === "discrete" ? categorical(names.length) : gaussian(names.length);

/** The recipe of the control: the convolutions stay random. */
export const withRandomVision = (recipe: PpoRecipe): PpoRecipe => ({ ...recipe, vision: false });
