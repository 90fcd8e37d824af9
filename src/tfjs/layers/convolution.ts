import { convolution, transposedConvolution, type Windows } from "../channels-last.js";
import type { Layer, LayerBuilder, LayerTable } from "./layer.js";

/** Strides, dilations and padding over `rank` axes. */
function windowsOf(layer: Layer, rank: number): Windows {
  layer.requireChannelsLast();
  const [strides, dilations] = [layer.numbers("strides", rank, 1), layer.numbers("dilation_rate", rank, 1)];
  return { strides, dilations, padding: layer.padding() };
}

const convolutionOf =
  (rank: number): LayerBuilder =>
  (layer) =>
    layer.activation()(convolution(layer.input, layer.weight("kernel"), windowsOf(layer, rank), layer.bias));

/** Convolutions. */
export const CONVOLUTION: LayerTable = {
  Conv1D: convolutionOf(1),
  Conv2D: convolutionOf(2),
  DepthwiseConv2D: (layer) => {
    const kernel = layer.weightIfThere("depthwise_kernel") ?? layer.weight("kernel");
    const windows = windowsOf(layer, 2);
    return layer.activation()(convolution(layer.input, kernel, windows, layer.bias, true));
  },
  SeparableConv2D: (layer) => {
    const between = convolution(layer.input, layer.weight("depthwise_kernel"), windowsOf(layer, 2), undefined, true);
    const pointwise: Windows = { strides: [1, 1], padding: "valid" };
    return layer.activation()(convolution(between, layer.weight("pointwise_kernel"), pointwise, layer.bias));
  },
  Conv2DTranspose: (layer) => {
    layer.requireChannelsLast();
    if (layer.numbers("dilation_rate", 2, 1).some((rate) => rate !== 1)) throw layer.error("dilation is not supported");
    const strides = layer.numbers("strides", 2, 1);
    return layer.activation()(
      transposedConvolution(layer.input, layer.weight("kernel"), strides, layer.padding(), layer.bias),
    );
  },
};
