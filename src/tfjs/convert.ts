import { createHash } from "node:crypto";
import { InputError } from "../errors.js";
import { findInside, foldersOf } from "../files/inside.js";
import { readWhole } from "../files/reading.js";
import type { Literal } from "../graph/literal.js";
import { writeModel } from "../graph/onnx-write.js";
import type { Graph } from "../graph/value.js";
import { layersGraph } from "./layers/network.js";
import { type ModelJson, parseModelJson } from "./model-json.js";
import { operationsGraph } from "./operations/graph-def.js";
import { shardNames, weightsOf } from "./weights.js";

/** Operator set of the converted model: the first with Gelu. */
const OPSET = 20;

/** A model of TensorFlow.js as ONNX. */
export interface Converted {
  /** The ONNX file. */
  readonly bytes: Uint8Array;
  /** Hex digest of `model.json`, followed by its shards in their order. */
  readonly sha256: string;
  /** The shards, absolute. */
  readonly dataFiles: readonly string[];
}

/**
 * Converts a `model.json` of TensorFlow.js, Layers or Graph format, with its shards to ONNX. Tensors keep their names and
 * axes; an open batch becomes 1.
 * @throws InputError, one line, where the file or a shard is missing, of another size or outside of the model's folder,
 * and for layers and operations that are not supported
 */
export async function convertTfjs(bytes: Uint8Array, path: string): Promise<Converted> {
  const model = parseModelJson(new TextDecoder().decode(bytes), path);
  const hash = createHash("sha256").update(bytes);
  const { weights, dataFiles } = await readWeights(model, path, (shard) => hash.update(shard));
  const { inputs, outputs } =
    model.format === "layers"
      ? layersGraph(model.topology, weights, path)
      : operationsGraph(model.topology, weights, model.signature, path);
  const graph: Graph = { name: "tfjs", inputs, outputs, metadata: new Map(), opset: OPSET };
  return { bytes: written(graph, path), sha256: hash.digest("hex"), dataFiles };
}

function written(graph: Graph, path: string): Uint8Array {
  try {
    return writeModel(graph);
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(`${path}: cannot be written as ONNX (${(error as Error).message})`);
  }
}

async function readWeights({ groups }: ModelJson, path: string, seen: (shard: Uint8Array) => void) {
  const weights = new Map<string, Literal>();
  const dataFiles: string[] = [];
  const folders = await foldersOf(path);
  for (const group of groups) {
    const shards: Uint8Array[] = [];
    for (const name of group.paths) {
      const file = await findInside(name, folders, `${path}: its weights are in`);
      if (!file) throw new InputError(`${path}: the shard ${name} is missing, expected in the model's folder`);
      dataFiles.push(file.path);
      const shard = await readWhole(file.path, "weights of the policy");
      seen(shard);
      shards.push(shard);
    }
    for (const [name, literal] of weightsOf(group, Buffer.concat(shards), path)) {
      if (weights.has(name))
        throw new InputError(`${path}: ${shardNames(group)}: the weight ${JSON.stringify(name)} is listed twice`);
      weights.set(name, literal);
    }
  }
  return { weights, dataFiles };
}
