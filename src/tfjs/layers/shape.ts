import { apply } from "../../graph/apply.js";
import { expand, full, identity, reshape, transpose } from "../../graph/build.js";
import { sizeOf } from "../../graph/shape.js";
import { batchNormalisation } from "../channels-last.js";
import { settled } from "../settled.js";
import type { Layer, LayerBuilder, LayerTable } from "./layer.js";

/** A layer that only training needs. */
const asItIs: LayerBuilder = (layer) => identity(layer.input);

function lastAxis(layer: Layer): void {
  const rank = layer.input.shape.length;
  const axes = [layer.config.axis ?? -1].flat();
  if (axes.length !== 1 || (axes[0] !== -1 && axes[0] !== rank - 1))
    throw layer.error(`axis ${JSON.stringify(layer.config.axis)} is not supported, expected the last one`);
}

/** Layers that arrange elements, normalise them, or do nothing outside of training. */
export const SHAPE: LayerTable = {
  Dropout: asItIs,
  SpatialDropout1D: asItIs,
  SpatialDropout2D: asItIs,
  AlphaDropout: asItIs,
  GaussianDropout: asItIs,
  GaussianNoise: asItIs,
  ActivityRegularization: asItIs,
  Flatten: (layer) => {
    layer.requireChannelsLast();
    return reshape(layer.input, [layer.input.shape[0]!, sizeOf(layer.input.shape.slice(1))]);
  },
  Reshape: (layer) => {
    const target = layer.config.target_shape;
    if (!Array.isArray(target) || !target.every((n) => Number.isInteger(n) || n === null))
      throw layer.error(`target_shape: found ${JSON.stringify(target)}, expected whole numbers`);
    return reshape(layer.input, [layer.input.shape[0]!, ...target.map((n: number | null) => n ?? -1)]);
  },
  Permute: (layer) => transpose(layer.input, [0, ...layer.numbers("dims", layer.input.shape.length - 1)]),
  RepeatVector: (layer) => {
    const [batch, size] = layer.input.shape as [number, number];
    return expand(reshape(layer.input, [batch, 1, size]), [batch, layer.number("n"), size]);
  },
  BatchNormalization: (layer) => {
    lastAxis(layer);
    const size = [layer.input.shape.at(-1)!];
    return batchNormalisation(
      layer.input,
      {
        scale: layer.flag("scale", true) ? layer.weight("gamma") : settled(full(size, 1)),
        shift: layer.flag("center", true) ? layer.weight("beta") : settled(full(size, 0)),
        mean: layer.weight("moving_mean"),
        variance: layer.weight("moving_variance"),
      },
      layer.number("epsilon", 1e-3),
    );
  },
  LayerNormalization: (layer) => {
    lastAxis(layer);
    const size = [layer.input.shape.at(-1)!];
    const scale = layer.flag("scale", true) ? layer.weight("gamma") : settled(full(size, 1));
    const shift = layer.flag("center", true) ? layer.weight("beta") : undefined;
    const inputs = shift ? [layer.input, scale, shift] : [layer.input, scale];
    return apply("LayerNormalization", inputs, { axis: -1, epsilon: layer.number("epsilon", 1e-3) });
  },
};
