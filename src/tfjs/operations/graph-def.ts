import * as z from "zod";
import { InputError } from "../../errors.js";
import { constant, input } from "../../graph/build.js";
import type { Literal } from "../../graph/literal.js";
import type { Value } from "../../graph/value.js";
import { own } from "../../own.js";
import { schemaError } from "../../yaml/schema-error.js";
import { isMisfit } from "../misfit.js";
import type { Named } from "../named.js";
import { CONVOLUTION } from "./convolution.js";
import { ELEMENTWISE } from "./elementwise.js";
import { MATRIX } from "./matrix.js";
import { type NodeDef, Operation, type OperationTable } from "./operation.js";
import { STRUCTURE } from "./structure.js";

/** Every operation that is read, by its name. To add one, add an entry. */
const OPERATIONS: OperationTable = { ...ELEMENTWISE, ...CONVOLUTION, ...MATRIX, ...STRUCTURE };

const INPUTS = ["Placeholder", "PlaceholderWithDefault"];

const nodeSchema = z.object({
  name: z.string("a name"),
  op: z.string("an operation"),
  input: z.array(z.string()).optional(),
  attr: z.record(z.string(), z.record(z.string(), z.unknown())).optional(),
});
const topologySchema = z.object({ node: z.array(nodeSchema) });

/**
 * Builds a TensorFlow graph from its `modelTopology`.
 * @param signature names of the outputs; without it the nodes that no other one reads
 * @throws InputError, one line, for an operation that is unknown, without its weights, or that does not fit its inputs
 */
export function operationsGraph(
  topology: unknown,
  weights: ReadonlyMap<string, Literal>,
  signature: Readonly<Record<string, unknown>> | undefined,
  source: string,
): Named {
  const result = topologySchema.safeParse(topology);
  if (!result.success) throw schemaError(`${source}: modelTopology`, topology, result.error.issues);
  const reading = new Reading(result.data.node, weights, source);
  const outputs = new Map(outputNames(result.data.node, signature).map((name) => [plain(name), reading.value(name)]));
  if (outputs.size === 0) throw new InputError(`${source}: the graph has no outputs`);
  return { inputs: reading.inputs(), outputs };
}

/** `a:0` and `a` are one output. */
const plain = (name: string) => name.replace(/:0$/, "");

class Reading {
  readonly #nodes: ReadonlyMap<string, NodeDef>;
  readonly #values = new Map<string, readonly Value[]>();
  readonly #inputs = new Map<string, Value>();

  constructor(
    nodes: readonly NodeDef[],
    readonly weights: ReadonlyMap<string, Literal>,
    readonly source: string,
  ) {
    this.#nodes = new Map(nodes.map((node) => [node.name, node]));
  }

  /** Inputs that the outputs depend on, in the file's order. */
  inputs(): Map<string, Value> {
    return new Map(
      [...this.#nodes.keys()].flatMap((name) => (this.#inputs.has(name) ? [[name, this.#inputs.get(name)!]] : [])),
    );
  }

  /** The value of `name` or `name:output`, after all that it depends on; deep graphs need no deep stack. */
  value(wanted: string): Value {
    const waiting = [nodeOf(wanted)];
    const open = new Set<string>();
    while (waiting.length > 0) {
      const name = waiting.at(-1)!;
      if (this.#values.has(name)) {
        waiting.pop();
        continue;
      }
      const node = this.#nodes.get(name);
      if (!node) throw new InputError(`${this.source}: modelTopology has no node ${JSON.stringify(name)}`);
      const missing = dataInputs(node)
        .map(nodeOf)
        .filter((one) => !this.#values.has(one));
      if (missing.length === 0) {
        this.#values.set(name, this.#build(node));
        continue;
      }
      if (open.has(name))
        throw new InputError(`${this.source}: node ${JSON.stringify(name)} (${node.op}) depends on itself`);
      open.add(name);
      waiting.push(...missing);
    }
    return this.#output(wanted);
  }

  #output(name: string): Value {
    const [node, index = "0"] = split(name);
    const value = this.#values.get(node)?.[Number(index)];
    if (!value) throw new InputError(`${this.source}: node ${JSON.stringify(node)} has no output ${index}`);
    return value;
  }

  #build(node: NodeDef): readonly Value[] {
    const inputs = dataInputs(node).map((name) => this.#output(name));
    const operation = new Operation(node, inputs, this.weights, this.source);
    if (INPUTS.includes(node.op)) return [this.#input(operation)];
    if (node.op === "Const") return [this.#constant(operation)];
    const builder = own(OPERATIONS, node.op);
    if (!builder) throw operation.error(`not supported; nearest are ${nearest(node.op).join(", ")}`);
    try {
      const built = builder(operation);
      return Array.isArray(built) ? built : [built as Value];
    } catch (error) {
      if (isMisfit(error)) throw operation.error(error.message);
      throw error;
    }
  }

  #input(operation: Operation): Value {
    const { name } = operation.node;
    const shape = operation.shape("shape");
    if (!shape) throw operation.error("its shape is open, expected one with numbers");
    const extents = shape.map((extent, axis) => {
      if (extent > 0) return extent;
      if (axis === 0) return 1;
      throw operation.error(`axis ${axis} is open; only the batch (axis 0) may be`);
    });
    const value = input(name, operation.type("dtype") ?? "float32", extents);
    this.#inputs.set(name, value);
    return value;
  }

  #constant(operation: Operation): Value {
    const { name } = operation.node;
    const literal = this.weights.get(name);
    if (!literal) throw operation.error("its value is not in the weightsManifest");
    return constant(literal, name);
  }
}

const split = (name: string) => name.split(":") as [string, string?];
const nodeOf = (name: string) => split(name)[0];

/** Inputs that hold data: those with a ^ only say what comes before. */
const dataInputs = ({ input = [] }: NodeDef) => input.filter((name) => !name.startsWith("^"));

function outputNames(nodes: readonly NodeDef[], signature: Readonly<Record<string, unknown>> | undefined): string[] {
  const { outputs } = (signature ?? {}) as { outputs?: Readonly<Record<string, { name?: unknown }>> };
  const named = Object.values(outputs ?? {}).flatMap(({ name }) => (typeof name === "string" ? [name] : []));
  if (named.length > 0) return named;
  const read = new Set(nodes.flatMap((node) => dataInputs(node).map(nodeOf)));
  const isOutput = ({ name, op }: NodeDef) => !read.has(name) && ![...INPUTS, "Const", "NoOp"].includes(op);
  return nodes.filter(isOutput).map(({ name }) => name);
}

/** Operations with a name of the same beginning, else all. */
function nearest(op: string): string[] {
  const known = Object.keys(OPERATIONS);
  const start = op.replace(/^_/, "").slice(0, 4).toLowerCase();
  const alike = known.filter((name) => name.toLowerCase().includes(start));
  return alike.length > 0 ? alike : known;
}
