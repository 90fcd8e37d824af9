import type { PixelLayers } from "../pixels/spec.js";
import type { QueryLayers } from "../query/spec.js";
import type { VtraceSettings } from "./settings.js";

/** Everything that decides the result of a training by V-trace in a world, except the seed. */
export interface VtraceRecipe {
  readonly algorithm: "vtrace";
  /** Pictures that the policy sees at once. */
  readonly frames: number;
  /** False where the convolutions, and the convolutional LSTM, stay random (the control). */
  readonly vision: boolean;
  readonly workers: number;
  readonly network: PixelLayers | QueryLayers;
  readonly vtrace: VtraceSettings;
}

/** True for the layers of a network that queries what it sees, and remembers. */
export const isQuerying = (layers: PixelLayers | QueryLayers): layers is QueryLayers => "queries" in layers;

/** Environment steps of an update. */
export const updateSize = ({ vtrace: { worlds, unroll } }: Pick<VtraceRecipe, "vtrace">): number => worlds * unroll;

/** Updates of a training: as many as its steps need. */
export const updatesOf = (recipe: Pick<VtraceRecipe, "vtrace">): number =>
  Math.ceil(recipe.vtrace.totalSteps / updateSize(recipe));
