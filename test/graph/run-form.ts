import { InputError } from "#src/errors.js";
import { readModel } from "#src/graph/onnx-read.js";
import { writeModel } from "#src/graph/onnx-write.js";
import type { Operand } from "./cases/operands.js";
import { type AttributeValue, feed, initializer, modelBytes, runModel, valueInfo } from "./onnx-model.js";

/** A node as some operator set has it. An output without a name is left out. */
export interface Form {
  readonly opset: number;
  readonly inputs: readonly (Operand | undefined)[];
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  readonly outputs: readonly string[];
}

export type Outcome =
  | { readonly kind: "same" }
  /** onnxruntime refuses the node, or torquelens does; or their values differ. */
  | { readonly kind: "onnxruntime refuses" | "torquelens refuses" | "differs"; readonly why: string };

/**
 * Runs a node by onnxruntime as it stands, and as torquelens reads and writes it. The shapes that torquelens infers are
 * compared too: Shape nodes are folded to them.
 * @param constant makes every operand a constant
 * @param tolerance the largest difference of two elements, as a part of the output's largest element
 */
export async function outcomeOf(op: string, form: Form, constant: boolean, tolerance = 3e-6): Promise<Outcome> {
  const given = form.inputs.flatMap((x, i) => (x ? [{ ...x, name: `x${i}`, fixed: x.constant || constant }] : []));
  const fed = given.filter(({ fixed }) => !fixed);
  const values = form.outputs.filter(Boolean);
  const names = [...values, ...values.map((name) => `${name}'s shape`)];
  const original = modelBytes({
    opset: form.opset,
    ir: form.opset >= 23 ? 11 : 8,
    nodes: [
      {
        op,
        name: "layer",
        inputs: form.inputs.map((x, i) => (x ? `x${i}` : "")),
        outputs: form.outputs,
        attributes: form.attributes,
      },
      ...values.map((name) => ({ op: "Shape", inputs: [name], outputs: [`${name}'s shape`] })),
    ],
    inputs: fed.map(({ name, dtype, shape }) => valueInfo(name, dtype, shape)),
    outputs: names.map((name) => valueInfo(name)),
    initializers: given
      .filter(({ fixed }) => fixed)
      .map(({ name, dtype, shape, values: numbers }) => initializer(name, dtype, shape, numbers)),
  });
  const feeds = Object.fromEntries(fed.map(({ name, dtype, shape, values: v }) => [name, feed(dtype, shape, v)]));
  const before = await runModel(original, feeds).catch((error: Error) => error.message);
  if (typeof before === "string") return { kind: "onnxruntime refuses", why: before };
  const written = ours(original);
  if (typeof written === "string") return { kind: "torquelens refuses", why: written };
  const after = await runModel(written, feeds);
  for (const name of names) {
    const [found, expected] = [after[name]!, before[name]!];
    const text = ({ type, dims }: typeof found) => `${type} [${dims}]`;
    if (text(found) !== text(expected))
      return { kind: "differs", why: `${name} is ${text(found)} for ${text(expected)}` };
    const [a, b] = [found, expected].map(({ data }) => Float64Array.from(data as Float32Array, Number));
    const limit = tolerance * b!.reduce((most, x) => (Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most), 0);
    const wrong = a!.findIndex((x, i) => !(Object.is(x, b![i]) || x === b![i] || Math.abs(x - b![i]!) <= limit));
    if (wrong >= 0) return { kind: "differs", why: `${name}: element ${wrong} is ${a![wrong]} for ${b![wrong]}` };
  }
  return { kind: "same" };
}

/** The model as torquelens writes it, or why it refuses it. */
function ours(original: Uint8Array): Uint8Array | string {
  try {
    return writeModel(readModel(original, "p"));
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
}
