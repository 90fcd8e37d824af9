import { InputError } from "../../errors.js";
import { input } from "../../graph/build.js";
import type { DType } from "../../graph/dtype.js";
import type { Literal } from "../../graph/literal.js";
import type { Value } from "../../graph/value.js";
import { own } from "../../own.js";
import { isMisfit } from "../misfit.js";
import type { Named } from "../named.js";
import { CONVOLUTION } from "./convolution.js";
import { DENSE } from "./dense.js";
import { Layer, type LayerTable } from "./layer.js";
import { MERGE } from "./merge.js";
import { POOLING } from "./pooling.js";
import { RECURRENT } from "./recurrent.js";
import { SHAPE } from "./shape.js";

/** Every layer that is read, by its class. To add one, add an entry. */
const LAYERS: LayerTable = { ...DENSE, ...CONVOLUTION, ...POOLING, ...SHAPE, ...MERGE, ...RECURRENT };

type Json = Readonly<Record<string, unknown>>;

/** A layer as the file describes it. */
interface Description {
  readonly className: string;
  readonly name: string;
  readonly config: Json;
  /** Where its inputs come from, once for each time that it is used. */
  readonly uses: readonly (readonly Origin[])[];
}

/** An output of a layer: which of its uses, and which of the outputs. */
interface Origin {
  readonly layer: string;
  readonly use: number;
}

const isObject = (data: unknown): data is Json => typeof data === "object" && data !== null && !Array.isArray(data);

/**
 * Builds a Keras network from its `modelTopology`.
 * @throws InputError, one line, for a layer that is unknown, without its weights, or that does not fit its input
 */
export function layersGraph(topology: Json, weights: ReadonlyMap<string, Literal>, source: string): Named {
  const whole = isObject(topology.model_config) ? topology.model_config : topology;
  const network = new Network(weights, source);
  const inputs = new Map<string, Value>();
  const outputs = network.build(whole, [], (value) => inputs.set(value.name!, value));
  return { inputs, outputs };
}

class Network {
  constructor(
    readonly weights: ReadonlyMap<string, Literal>,
    readonly source: string,
  ) {}

  /** @param given values for the inputs, of a network inside another; without them `found` gets each input */
  build(model: Json, given: readonly Value[], found?: (input: Value) => void): Map<string, Value> {
    const { class_name: className, config } = model;
    const parts = isObject(config) ? config : Array.isArray(config) ? { layers: config } : {};
    const layers = this.#layers(parts.layers);
    if (className === "Sequential") return this.#sequence(layers, given, found);
    if (className !== "Model" && className !== "Functional")
      throw new InputError(
        `${this.source}: modelTopology: found a model of class ${JSON.stringify(className)}, expected Sequential, Model or Functional`,
      );
    return this.#functional(parts, layers, given, found);
  }

  #layers(data: unknown): Description[] {
    if (!Array.isArray(data)) throw new InputError(`${this.source}: modelTopology: expected a list of layers`);
    return data.map((entry: unknown, i): Description => {
      const { class_name: className, config } = isObject(entry) ? entry : {};
      if (typeof className !== "string" || !isObject(config))
        throw new InputError(`${this.source}: modelTopology: layer ${i}: expected class_name and config`);
      const { name = `layer ${i}` } = entry as Json;
      return { className, name: String(config.name ?? name), config, uses: usesOf((entry as Json).inbound_nodes) };
    });
  }

  #sequence(
    layers: readonly Description[],
    given: readonly Value[],
    found?: (input: Value) => void,
  ): Map<string, Value> {
    let value = given[0];
    for (const [i, layer] of layers.entries()) {
      const shape = layer.config.batch_input_shape ?? layer.config.batch_shape;
      if (i === 0 && !value) {
        const name = layer.className === "InputLayer" ? layer.name : `${layer.name}_input`;
        value = this.#input(name, shape, layer);
        found?.(value);
      }
      if (layer.className !== "InputLayer") value = this.#apply(layer, [value!]);
    }
    if (!value) throw new InputError(`${this.source}: modelTopology: the model has no layers`);
    return new Map([[layers.at(-1)!.name, value]]);
  }

  #functional(
    { input_layers, output_layers }: Json,
    layers: readonly Description[],
    given: readonly Value[],
    found?: (input: Value) => void,
  ): Map<string, Value> {
    const values = new Map<string, Value>();
    const keyOf = ({ layer, use }: Origin) => `${use} ${layer}`;
    for (const [i, { layer: name }] of originsOf(input_layers).entries()) {
      const layer = layers.find((one) => one.name === name);
      if (!layer) throw new InputError(`${this.source}: modelTopology: input_layers names no layer ${name}`);
      const value = given[i] ?? this.#input(name, layer.config.batch_input_shape ?? layer.config.batch_shape, layer);
      if (!given[i]) found?.(value);
      values.set(keyOf({ layer: name, use: 0 }), value);
    }
    // Layers may stand in any order in the file.
    const waiting = layers.flatMap((layer) =>
      // A model inside counts its own making as its first use.
      layer.uses.map((from, use) => ({ layer, from, use: isModel(layer) ? use + 1 : use })),
    );
    for (let before = -1; waiting.length > 0 && waiting.length !== before; ) {
      before = waiting.length;
      for (const one of waiting.splice(0)) {
        const inputs = one.from.map((origin) => values.get(keyOf(origin)));
        if (inputs.length > 0 && inputs.every((value) => value !== undefined))
          values.set(keyOf({ layer: one.layer.name, use: one.use }), this.#apply(one.layer, inputs));
        else waiting.push(one);
      }
    }
    const outputs = new Map<string, Value>();
    for (const origin of originsOf(output_layers)) {
      const value = values.get(keyOf(origin));
      if (!value)
        throw new InputError(`${this.source}: modelTopology: the output ${JSON.stringify(origin.layer)} is never made`);
      outputs.set(outputs.has(origin.layer) ? `${origin.layer}:${origin.use}` : origin.layer, value);
    }
    return outputs;
  }

  #input(name: string, shape: unknown, layer: Description): Value {
    const at = `${this.source}: layer ${JSON.stringify(layer.name)} (${layer.className})`;
    if (!Array.isArray(shape)) throw new InputError(`${at}: no batch_input_shape, expected the shape of its input`);
    const extents = shape.map((extent: unknown, axis) => {
      if (extent === null && axis === 0) return 1;
      if (Number.isInteger(extent) && (extent as number) > 0) return extent as number;
      throw new InputError(`${at}: axis ${axis} of its input is open ([${shape}]); only the batch (axis 0) may be`);
    });
    const { dtype = "float32" } = layer.config;
    if (dtype !== "float32" && dtype !== "int32" && dtype !== "bool")
      throw new InputError(`${at}: its input is ${JSON.stringify(dtype)}; supported are float32, int32, bool`);
    return input(name, dtype satisfies DType, extents);
  }

  #apply({ className, name, config }: Description, inputs: readonly Value[]): Value {
    if (isModel({ config })) return [...this.build({ class_name: className, config }, inputs).values()][0]!;
    const builder = own(LAYERS, className);
    const layer = new Layer(className, name, config, inputs, this.weights, this.source);
    if (!builder) throw layer.error(`not supported; supported are ${Object.keys(LAYERS).join(", ")}`);
    try {
      return builder(layer);
    } catch (error) {
      if (isMisfit(error)) throw layer.error(error.message);
      throw error;
    }
  }
}

/** True for a model as a layer of another. */
const isModel = ({ config }: Pick<Description, "config">) => Object.hasOwn(config, "layers");

/** `[["a", 0, 0], …]`, or of one `["a", 0, 0]`. */
function originsOf(data: unknown): Origin[] {
  if (!Array.isArray(data)) return [];
  if (typeof data[0] === "string") return [{ layer: data[0], use: Number(data[1] ?? 0) }];
  return data.flatMap(originsOf);
}

/** `inbound_nodes`: a list of origins for each use; Keras 3 writes the tensors among the arguments of the call. */
function usesOf(data: unknown): Origin[][] {
  if (!Array.isArray(data)) return [];
  return data.map((node: unknown) => (isObject(node) ? historiesIn(node.args) : originsOf(node)));
}

function historiesIn(data: unknown): Origin[] {
  if (Array.isArray(data)) return data.flatMap(historiesIn);
  if (!isObject(data)) return [];
  if (data.class_name === "__keras_tensor__" && isObject(data.config)) return originsOf(data.config.keras_history);
  return [];
}
