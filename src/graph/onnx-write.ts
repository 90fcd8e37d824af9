import { InputError } from "../errors.js";
import { own } from "../own.js";
import { DTYPES } from "./dtype.js";
import type { Literal } from "./literal.js";
import { ATTRIBUTE_TYPE, ONNX } from "./onnx-schema.js";
import { OPERATORS } from "./operators/index.js";
import { encodeMessage, type Message } from "./protobuf.js";
import {
  type Attribute,
  type Attributes,
  type Body,
  type Graph,
  type Node,
  topologicalOrder,
  type Value,
} from "./value.js";

/** The IR version that was released with an operator set. */
const irOf = (opset: number): number =>
  opset >= 25 ? 13 : opset >= 24 ? 12 : opset >= 23 ? 11 : opset >= 21 ? 10 : opset >= 19 ? 9 : 8;

/** What one protobuf message, and so one ONNX file, can hold at most; nodes and shapes have room below it. */
const MOST_WEIGHTS = 2 ** 31 - 2 ** 24;

/** Operators are held in their opset-18 forms. */
const LEAST_OPSET = 18;

/**
 * Writes a model of standard ONNX operators. Values read from a file keep their names; equal nodes without a name
 * are written once; each constant object is written once.
 * @throws InputError for more weights than one ONNX file can hold, 2 GiB
 */
export function writeModel(graph: Graph): Uint8Array {
  const opset = Math.max(LEAST_OPSET, graph.opset);
  return encodeMessage(ONNX, "ModelProto", {
    irVersion: irOf(opset),
    producerName: "torquelens",
    graph: new GraphWriter(graph).write(),
    opsetImport: [{ domain: "", version: opset }],
    metadataProps: [...graph.metadata].map(([key, value]) => ({ key, value })),
  });
}

class GraphWriter {
  readonly #names = new Map<Value, string>();
  readonly #taken: Set<string>;
  readonly #root: GraphWriter;
  readonly #nodes: Message[] = [];
  readonly #initializers: Message[] = [];
  readonly #written = new Map<string, readonly string[]>();
  readonly #literals = new Map<string, string>();
  #counter = 0;
  /** Bytes of all weights, those of bodies too. */
  #weights = 0;

  /** @param outer the graph around a loop's body: no name is given twice */
  constructor(
    readonly graph: Graph,
    outer?: GraphWriter,
  ) {
    this.#taken = outer ? outer.#taken : new Set();
    this.#root = outer ? outer.#root : this;
  }

  write(): Message {
    const order = topologicalOrder(this.graph.outputs.values());
    this.#keepNames(order);
    for (const node of order) this.#writeNode(node);
    const outputs = [...this.graph.outputs].map(([name, value]) => {
      if (this.#names.get(value) !== name) this.#copy(value, name);
      return valueInfo(name, value);
    });
    return {
      node: this.#nodes,
      name: this.graph.name || "torquelens",
      initializer: this.#initializers,
      input: [...this.graph.inputs].map(([name, value]) => valueInfo(name, value)),
      output: outputs,
    };
  }

  /**
   * A Loop's body: inputs and outputs are matched by position, captured values by name. Constants are written again in the
   * body, since onnxruntime packs and lays out the weights of a graph's own initializers only (1.3 times faster than
   * sharing them).
   * @param captured names of the captured values
   */
  #writeBody(body: Body, captured: readonly string[]): Message {
    const writer = new GraphWriter(body, this);
    const given = [...body.inputs.values()];
    const own = given.splice(0, given.length - body.captured);
    given.forEach((value, i) => {
      writer.#names.set(value, captured[i]!);
    });
    const input = own.map((value) => valueInfo(writer.#nameOf(value, "given"), value));
    for (const node of topologicalOrder(body.outputs.values())) writer.#writeNode(node);
    const output = Array.from(body.outputs.values(), (value) => {
      const name = this.#freshName("result");
      writer.#copy(value, name);
      return valueInfo(name, value);
    });
    return { node: writer.#nodes, name: body.name, initializer: writer.#initializers, input, output };
  }

  #copy(value: Value, name: string): void {
    this.#nodes.push({ input: [this.#names.get(value)], output: [name], name: `${name}.out`, opType: "Identity" });
  }

  /** Inputs and outputs have their names; other values keep the name they were read with where it is free. */
  #keepNames(order: readonly Node[]): void {
    for (const [name, value] of this.graph.inputs) this.#take(name, value);
    for (const [name, value] of this.graph.outputs) {
      const made = value.node.inputs.length > 0 && !this.#names.has(value);
      if (made && (!value.name || value.name === name)) this.#take(name, value);
      else this.#taken.add(name);
    }
    for (const value of order.flatMap(({ outputs }) => outputs))
      if (value.name && !this.#names.has(value) && !this.#taken.has(value.name)) this.#take(value.name, value);
  }

  #take(name: string, value: Value): void {
    this.#names.set(value, name);
    this.#taken.add(name);
  }

  #writeNode(node: Node): void {
    if (node.op === "Input") return;
    if (node.literal) {
      this.#writeLiteral(node, node.literal);
      return;
    }
    const inputs = node.inputs.map((value) => (value ? this.#names.get(value)! : ""));
    const fresh = node.name === "" && !node.body && node.outputs.every((value) => !this.#names.has(value));
    const key = JSON.stringify([node.op, node.outputs.length, inputs, node.attributes], exactly);
    const twin = fresh ? this.#written.get(key) : undefined;
    if (twin) {
      node.outputs.forEach((value, i) => {
        this.#names.set(value, twin[i]!);
      });
      return;
    }
    const captured = node.body ? inputs.splice(inputs.length - node.body.captured) : [];
    const body = node.body && { name: "body", g: this.#writeBody(node.body, captured), type: ATTRIBUTE_TYPE.graph };
    const outputs = node.outputs.map((value) => this.#nameOf(value, node.op));
    if (!body) this.#written.set(key, outputs);
    this.#nodes.push({
      input: inputs,
      output: outputs,
      name: node.name || outputs[0],
      opType: node.op,
      attribute: [...attributesOf(node.op, node.attributes), ...(body ? [body] : [])],
    });
  }

  #writeLiteral(node: Node, literal: Literal): void {
    const value = node.outputs[0]!;
    const small = literal.bytes.byteLength <= 256 && !this.#names.has(value);
    // Bytes of a file may be a Buffer, whose text is not its numbers.
    const key = small ? `${literal.dtype}|${literal.shape}|${Array.from(literal.bytes)}` : "";
    const twin = small ? this.#literals.get(key) : undefined;
    if (twin) {
      this.#names.set(value, twin);
      return;
    }
    const name = this.#nameOf(value, "constant");
    if (small) this.#literals.set(key, name);
    this.#root.#weights += literal.bytes.byteLength;
    if (this.#root.#weights > MOST_WEIGHTS)
      throw new InputError(
        `the compiled model of "${this.#root.graph.name}" has more weights than one ONNX file can hold, 2 GiB`,
      );
    this.#initializers.push({
      dims: literal.shape,
      dataType: DTYPES[literal.dtype].onnx,
      name,
      rawData: literal.bytes,
    });
  }

  #nameOf(value: Value, op: string): string {
    const known = this.#names.get(value);
    if (known !== undefined) return known;
    const name = this.#freshName(op);
    this.#names.set(value, name);
    return name;
  }

  #freshName(op: string): string {
    let name: string;
    do name = `torquelens/${op}_${this.#root.#counter++}`;
    while (this.#taken.has(name));
    this.#taken.add(name);
    return name;
  }
}

/** A number of an attribute as JSON that tells it from every other one: JSON itself has no infinities, NaN or −0. */
const exactly = (_: string, value: unknown): unknown =>
  typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0))
    ? `number ${Object.is(value, -0) ? "-0" : value}`
    : value;

function valueInfo(name: string, { dtype, shape }: Value): Message {
  const dim = shape.map((dimValue) => ({ dimValue }));
  return { name, type: { tensorType: { elemType: DTYPES[dtype].onnx, shape: { dim } } } };
}

function attributesOf(op: string, attributes: Attributes): Message[] {
  const kinds = own(OPERATORS, op)?.attributes ?? {};
  return Object.entries(attributes).map(([name, value]) => ({ name, ...encodeAttribute(own(kinds, name)!, value) }));
}

function encodeAttribute(kind: "int" | "ints" | "float" | "string", value: Attribute): Message {
  const type = ATTRIBUTE_TYPE[kind];
  if (kind === "int") return { i: value, type };
  if (kind === "float") return { f: value, type };
  if (kind === "string") return { s: new TextEncoder().encode(value as string), type };
  return { ints: [...(value as readonly number[])], type };
}
