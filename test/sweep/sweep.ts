import fc from "fast-check";
import { traitsOf } from "#src/graph/traits.js";
import { NODE_CASES, SINCE } from "../graph/cases/all.js";
import { type NodeCase, sizeOf } from "../graph/cases/operands.js";
import { UNLOWERED_CASES } from "../graph/cases/unlowered.js";
import { type Found, Sweep, TOLERANCES } from "./checks.js";
import { networkOf, outputsOf, type Place, type SweptNode } from "./networks.js";

/**
 * True for operators whose values torques are made of: those of places, truths and whole numbers are left out, and those
 * whose outputs mean something only together: what DynamicQuantizeLinear gives (bytes, scale, zero point) is tried with the
 * products that read it in test/relevance/dynamically-quantised.test.ts.
 */
const isSwept = (op: string) => !["integer", "flat"].includes(traitsOf(op).form) && !traitsOf(op).statistics;

/** Number of elements that a normalisation takes its statistics of: of one element nothing but the shift is left. */
const PARTS: Readonly<Record<string, (node: NodeCase) => number>> = {
  LayerNormalization: ({ inputs: [, scale] }) => sizeOf(scale!.shape),
  RMSNormalization: ({ inputs: [, scale] }) => sizeOf(scale!.shape),
  InstanceNormalization: ({ inputs: [x] }) => sizeOf(x!.shape.slice(2)),
  GroupNormalization: ({ inputs: [x], attributes }) => sizeOf(x!.shape.slice(1)) / (attributes.num_groups as number),
};

/** False for pools whose last window begins in the padding: onnxruntime infers it, and so refuses the network itself. */
function isInferred({ inputs: [x], attributes }: NodeCase): boolean {
  const { ceil_mode: ceil, kernel_shape: kernel, strides, pads, dilations } = attributes as Record<string, number[]>;
  if (Number(ceil ?? 0) === 0) return true;
  return x!.shape.slice(2).every((extent, i) => {
    const span = (dilations?.[i] ?? 1) * (kernel![i]! - 1) + 1;
    const begin = pads?.[i] ?? 0;
    const end = pads?.[i + kernel!.length] ?? 0;
    return Math.ceil((extent + begin + end - span) / strides![i]!) * strides![i]! < extent + begin;
  });
}

/** True where an operand can depend on the observation. */
const hasReal = ({ inputs }: Pick<NodeCase, "inputs">) =>
  inputs.some((x) => x?.dtype === "float32" && !x.constant && sizeOf(x.shape) > 0);

const named = (op: string, node: NodeCase): SweptNode => ({
  op,
  opset: SINCE[op] ?? 18,
  ...node,
  outputs: Array.from({ length: node.outputs }, (_, i) => `y${i}`),
});

/** Random nodes of every operator whose values torques are made of. */
export const NODES: Readonly<Record<string, fc.Arbitrary<SweptNode>>> = {
  ...Object.fromEntries(
    Object.entries(NODE_CASES)
      .filter(([op]) => isSwept(op))
      .map(([op, made]) => [
        op,
        made
          .filter((node) => hasReal(node) && isInferred(node) && (PARTS[op]?.(node) ?? 2) > 1)
          .map((node): SweptNode => named(op, node)),
      ]),
  ),
  ...Object.fromEntries(
    Object.entries(UNLOWERED_CASES).map(([op, [made, opset]]) => [
      op,
      made.map((node): SweptNode => ({ op, opset, ...node })),
    ]),
  ),
  Upsample: NODE_CASES.Resize!.filter(
    ({ inputs, attributes: { mode, axes, antialias } }) =>
      inputs.length === 3 &&
      mode !== "cubic" &&
      axes === undefined &&
      antialias === undefined &&
      inputs[2]!.values.every((x) => x >= 1),
  ).map(
    ({ inputs: [x, , scales], attributes: { mode } }): SweptNode => ({
      op: "Upsample",
      opset: 9,
      inputs: [x, scales],
      attributes: { mode: mode! },
      outputs: ["y"],
    }),
  ),
  Scatter: NODE_CASES.ScatterElements!.map(
    ({ inputs, attributes: { axis } }): SweptNode => ({
      op: "Scatter",
      opset: 10,
      inputs,
      attributes: { axis: axis! },
      outputs: ["y"],
    }),
  ),
};

const PLACES: readonly Place[] = [
  { reads: "layer", readBy: "layer" },
  { reads: "inputs", readBy: "layer" },
  { reads: "layer", readBy: "torques" },
  { reads: "inputs", readBy: "torques" },
];

/** What went wrong, or how it went, with one method on one network. */
export interface Row extends Found {
  readonly op: string;
  readonly network: string;
  readonly wrong: readonly string[];
}

/** Sweeps one operator: `runs` random nodes, each at one place of a policy, by each method. */
export async function* sweep(op: string, methods: readonly string[], runs: number, seed: number): AsyncGenerator<Row> {
  const cases = fc.sample(NODES[op]!, { numRuns: runs, seed });
  for (const [i, node] of cases.entries()) {
    const place = PLACES[(i + seed) % PLACES.length]!;
    const coarse = i % 3 === 2;
    const network = `${place.reads} → ${place.readBy}${coarse ? ", coarse" : ""}, ${described(node)}`;
    const outputs = await outputsOf(node);
    const made = networkOf(node, outputs, { place, seed: seed + 7 * i + 1, coarse });
    if (!made) continue;
    const all = await Sweep.of(made);
    if (!all.commanded.every(Number.isFinite)) continue;
    for (const method of methods) {
      const found = await all.check(method, !coarse);
      const wrong = Object.entries(found.figures).flatMap(([figure, value]) =>
        value <= TOLERANCES[figure]! ? [] : [`${figure} ${value.toExponential(1)}`],
      );
      yield { op, network, ...found, wrong };
    }
    await all.release();
  }
}

const described = ({ inputs, attributes, opset }: SweptNode) =>
  `opset ${opset} ${JSON.stringify(inputs.map((x) => x && (x.constant ? [...x.values].slice(0, 8) : x.shape.join("×"))))} ${JSON.stringify(attributes)}`;
