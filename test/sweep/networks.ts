import type * as ort from "onnxruntime-node";
import { DTYPES, type DType } from "#src/graph/dtype.js";
import { readModel } from "#src/graph/onnx-read.js";
import { traitsOf } from "#src/graph/traits.js";
import { RENAMED } from "#src/graph/upgrade.js";
import type { Subject, SubjectModality } from "#src/relevance/contract/subject.js";
import { randoms, uniform } from "../evaluate.js";
import { type Operand, type Shape, sizeOf } from "../graph/cases/operands.js";
import {
  type AttributeValue,
  feed,
  initializer,
  modelBytes,
  type NodeText,
  runModel,
  valueInfo,
} from "../graph/onnx-model.js";

/** One node as a file may have it. */
export interface SweptNode {
  readonly op: string;
  readonly opset: number;
  readonly inputs: readonly (Operand | undefined)[];
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  /** Names; empty where an output is left out. */
  readonly outputs: readonly string[];
}

/** Where a node stands in its policy: it reads the inputs or a layer, and the torques or a layer read it. */
export interface Place {
  readonly reads: "inputs" | "layer";
  readonly readBy: "torques" | "layer";
}

/** A policy around one node. */
export interface SweptNetwork {
  readonly subject: Subject;
  /** The policy as it came, in float32, and in float64 where its torques can be computed so. */
  readonly bytes: { readonly float32: Uint8Array; readonly float64?: Uint8Array };
  readonly inputs: readonly { readonly name: string; readonly shape: Shape; readonly values: Float32Array }[];
  /** The values that a method measures from, by input. */
  readonly references: Readonly<Record<string, Float32Array>>;
}

interface Options {
  readonly place: Place;
  readonly seed: number;
  /** Rounds the observation to halves, so that elements are equal and zero. */
  readonly coarse: boolean;
}

/** Inputs of the layer before the node. */
const WIDTH = 6;

const isReal = (operand: Operand) => operand.dtype === "float32";

/** The shapes of a node's real outputs, by name, as onnxruntime computes them. */
export async function outputsOf(node: SweptNode): Promise<ReadonlyMap<string, Shape>> {
  const given = node.inputs.flatMap((x, i) => (x ? [{ ...x, name: `x${i}` }] : []));
  const fed = given.filter(({ constant }) => !constant);
  const bytes = modelBytes({
    opset: node.opset,
    nodes: [
      {
        op: node.op,
        inputs: node.inputs.map((x, i) => (x ? `x${i}` : "")),
        outputs: node.outputs,
        attributes: node.attributes,
      },
    ],
    inputs: fed.map(({ name, dtype, shape }) => valueInfo(name, dtype, shape)),
    outputs: node.outputs.filter(Boolean).map((name) => valueInfo(name)),
    initializers: given.filter((x) => x.constant).map((x) => initializer(x.name, x.dtype, x.shape, x.values)),
  });
  const results = await runModel(
    bytes,
    Object.fromEntries(fed.map(({ name, dtype, shape, values }) => [name, feed(dtype, shape, values)])),
  );
  return new Map(
    Object.entries(results).flatMap(([name, { type, dims }]) =>
      type === "float32" || type === "float64" ? [[name, dims as Shape] as const] : [],
    ),
  );
}

/** A policy around a node of which at least one real operand depends on the observation; undefined where none can. */
export function networkOf(
  node: SweptNode,
  outputs: ReadonlyMap<string, Shape>,
  { place, seed, coarse }: Options,
): SweptNetwork | undefined {
  const next = uniform(seed);
  const { data = [0] } = traitsOf((RENAMED as Readonly<Record<string, string>>)[node.op] ?? node.op);
  const places = node.inputs.flatMap((x, i) =>
    x && !x.constant && isReal(x) && sizeOf(x.shape) > 0 && (data === "all" || data.includes(i)) ? [i] : [],
  );
  const chosen = places.filter(() => next() < 0.7);
  const dynamic = new Set(chosen.length > 0 ? chosen : places.slice(0, 1));
  const size = [...outputs.values()].reduce((n, shape) => n + sizeOf(shape), 0);
  if (dynamic.size === 0 || size === 0) return undefined;

  const inputs: SweptNetwork["inputs"][number][] = [];
  const modalities: SubjectModality[] = [];
  const references: Record<string, Float32Array> = {};
  const nodes: NodeText[] = [];
  const constants: { name: string; dtype: DType; shape: Shape; values: ArrayLike<number>; fixed?: boolean }[] = [];
  const random = (shape: Shape, low = -1, high = 1) => randoms(sizeOf(shape), 1e9 * next(), low, high);
  const weights = (name: string, shape: Shape, low?: number, high?: number) => {
    constants.push({ name, dtype: "float32", shape, values: random(shape, low, high) });
    return name;
  };
  const observed = (name: string, shape: Shape, given: ArrayLike<number>, low: number, high: number) => {
    const halves = low < 0 ? Math.trunc : Math.ceil;
    const values = Float32Array.from(given, (x) => (coarse ? halves(2 * x) / 2 : x));
    const isImage = shape.length === 4 && shape[0] === 1 && low < 0 && next() < 0.5;
    const size = sizeOf(shape);
    const reference = isImage || (low < 0 && next() < 0.5) ? new Float32Array(size) : random(shape, low, high);
    inputs.push({ name, shape, values });
    references[name] = reference;
    modalities.push(
      isImage
        ? { kind: "image", name, input: name, layout: "NCHW", range: [low, high] }
        : {
            kind: "values",
            name,
            input: name,
            start: 0,
            size,
            reference: { kind: "values", values: Float64Array.from(reference) },
          },
    );
  };

  const operands = node.inputs.map((x, i) => {
    if (!x) return "";
    const name = `x${i}`;
    if (!dynamic.has(i)) {
      const fixed = x.constant === true || !(data === "all" || data.includes(i));
      constants.push({ name, dtype: x.dtype, shape: x.shape, values: x.values, fixed });
      return name;
    }
    const isPositive = Math.min(...x.values) >= 0;
    const most = Math.max(...x.values.map(Math.abs));
    const [low, high] = isPositive ? [Math.min(...x.values), most + 0.1] : [-most, most];
    if (place.reads === "inputs") {
      observed(name, x.shape, x.values, low, high);
      return name;
    }
    observed(`c${i}`, [1, WIDTH], random([WIDTH], -2, 2), -2, 2);
    const n = sizeOf(x.shape);
    // A Gemm of old operator sets has a bias.
    const bias = next() < 0.5 ? weights(`b${i}`, [n]) : weights(`b${i}`, [n], 0, 0);
    nodes.push({ op: "Gemm", inputs: [`c${i}`, weights(`w${i}`, [WIDTH, n]), bias], outputs: [`u${i}`] });
    const isFree = high > 1.2 && !isPositive;
    if (isFree && next() < 0.5) nodes.push({ op: "Relu", inputs: [`u${i}`], outputs: [`h${i}`] });
    else if (isFree) nodes.push({ op: "Identity", inputs: [`u${i}`], outputs: [`h${i}`] });
    else {
      constants.push(
        { name: `s${i}`, dtype: "float32", shape: [], values: [high - low] },
        { name: `o${i}`, dtype: "float32", shape: [], values: [low] },
      );
      nodes.push(
        { op: "Sigmoid", inputs: [`u${i}`], outputs: [`g${i}`] },
        { op: "Mul", inputs: [`g${i}`, `s${i}`], outputs: [`m${i}`] },
        { op: "Add", inputs: [`m${i}`, `o${i}`], outputs: [`h${i}`] },
      );
    }
    constants.push({ name: `t${i}`, dtype: "int64", shape: [x.shape.length], values: x.shape, fixed: true });
    nodes.push({ op: "Reshape", inputs: [`h${i}`, `t${i}`], outputs: [name] });
    return name;
  });
  nodes.push({ op: node.op, name: "swept", inputs: operands, outputs: node.outputs, attributes: node.attributes });
  const before = nodes.splice(0);
  constants.push({ name: "row", dtype: "int64", shape: [2], values: [1, -1], fixed: true });
  nodes.push({
    op: "Concat",
    inputs: [...outputs.keys()].map((name) => `${name}.row`),
    outputs: ["features"],
    attributes: { axis: 1 },
  });
  if (place.readBy === "layer") {
    nodes.push({ op: "MatMul", inputs: ["features", weights("weight", [size, 2])], outputs: ["torque"] });
  } else {
    const first = Array.from({ length: Math.min(3, size) }, (_, i) => i);
    constants.push({ name: "first", dtype: "int64", shape: [first.length], values: first, fixed: true });
    nodes.push({ op: "Gather", inputs: ["features", "first"], outputs: ["torque"], attributes: { axis: 1 } });
  }
  const bytes = (real: "float32" | "float64") => {
    const rows = [...outputs.keys()].flatMap((name): NodeText[] => [
      { op: "Cast", inputs: [name], outputs: [`${name}.real`], attributes: { to: DTYPES[real].onnx } },
      { op: "Reshape", inputs: [`${name}.real`, "row"], outputs: [`${name}.row`] },
    ]);
    const as = (dtype: DType, fixed = false) => (dtype === "float32" && !fixed ? real : dtype);
    return modelBytes({
      opset: node.opset,
      nodes: [...before, ...rows, ...nodes],
      inputs: inputs.map(({ name, shape }) => valueInfo(name, real, shape)),
      outputs: [valueInfo("torque", real, [1, place.readBy === "layer" ? 2 : Math.min(3, size)])],
      initializers: constants.map(({ name, dtype, shape, values, fixed }) =>
        initializer(name, as(dtype, fixed), shape, values),
      ),
    });
  };
  // A cast to float32 rounds.
  const both = { float32: bytes("float32"), ...(node.op !== "Cast" && { float64: bytes("float64") }) };
  const graph = readModel(both.float32, `${node.op}.onnx`);
  const subject: Subject = { graph, sha256: "0".repeat(64), torque: "torque", modalities, featurePoints: "policy" };
  return { subject, bytes: both, inputs, references };
}

export type Torques = (at: Readonly<Record<string, ArrayLike<number>>>) => Promise<Float64Array>;

/** Runs the policy as it came, without optimisations. */
export function torquesOf(session: ort.InferenceSession, network: SweptNetwork, real: "float32" | "float64"): Torques {
  return async (at) => {
    const feeds = Object.fromEntries(network.inputs.map(({ name, shape }) => [name, feed(real, shape, at[name]!)]));
    const { torque } = await session.run(feeds);
    return Float64Array.from(torque!.data as Float32Array, Number);
  };
}
