import { apply } from "../../graph/apply.js";
import { add, cast, greater, matmul, minimum, relu, softmax, sub, where } from "../../graph/build.js";
import { elu, leakyRelu, prelu } from "../activations.js";
import { elementwise } from "../channels-last.js";
import type { LayerTable } from "./layer.js";

/** Fully connected layers, embeddings, and activations that are layers. */
export const DENSE: LayerTable = {
  Dense: (layer) => {
    const product = matmul(layer.input, layer.weight("kernel"));
    const { bias } = layer;
    return layer.activation()(bias ? add(product, bias) : product);
  },
  Embedding: (layer) => {
    if (layer.flag("mask_zero", false)) throw layer.error("mask_zero is not supported");
    return apply("Gather", [layer.weight("embeddings"), cast(layer.input, "int64")], { axis: 0 });
  },
  Activation: (layer) => layer.activation()(layer.input),
  ReLU: (layer) => {
    const most = layer.config.max_value;
    return elementwise(layer.input, (x) => (typeof most === "number" ? minimum(relu(x), most) : relu(x)));
  },
  LeakyReLU: (layer) => {
    const alpha = layer.number("alpha", layer.number("negative_slope", 0.3));
    return elementwise(layer.input, (x) => leakyRelu(x, alpha));
  },
  ELU: (layer) => elementwise(layer.input, (x) => elu(x, layer.number("alpha", 1))),
  ThresholdedReLU: (layer) => {
    const theta = layer.number("theta", 1);
    return elementwise(layer.input, (x) => where(greater(x, theta), x, sub(x, x)));
  },
  PReLU: (layer) => prelu(layer.input, layer.weight("alpha")),
  Softmax: (layer) => softmax(layer.input, layer.number("axis", -1)),
};
