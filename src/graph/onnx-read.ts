import { InputError } from "../errors.js";
import { applyNode } from "./apply.js";
import { BudgetError, budgetFor, countConstant, countTensors, within } from "./budget.js";
import { constant, input } from "./build.js";
import { dtypeOf } from "./dtype.js";
import { refuseNaN, WeightCheck } from "./finite.js";
import { fold } from "./fold.js";
import { withoutFunctions } from "./functions.js";
import { Literal } from "./literal.js";
import { lower, loweringOf } from "./lowering/lower.js";
import { uncast } from "./lowering/quantisation.js";
import { softmaxOf } from "./lowering/softmax.js";
import { nearestTo } from "./nearest.js";
import { inOrder } from "./node-order.js";
import {
  ATTRIBUTE_TYPE,
  type AttributeProto,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  ONNX,
  type ValueInfoProto,
} from "./onnx-schema.js";
import { decodeMessage, NestedTooDeep } from "./protobuf.js";
import { READABLE } from "./readable.js";
import { ShapeError, sizeOf } from "./shape.js";
import { literalOf } from "./tensor-proto.js";
import { upgrade } from "./upgrade.js";
import type { Attribute, Graph, Value } from "./value.js";

const SUPPORTED = { maxIr: 13, minOpset: 9, maxOpset: 26 } as const;

/**
 * Reads an ONNX model. Shapes become static (a symbolic batch becomes 1) and constants are folded.
 * @param source the file's name in messages
 * @param budget what its tensors may take, by default for this machine and the file's size
 * @throws InputError for files that are truncated or not ONNX, versions, operators or shapes that are not supported, and
 *   for tensors beyond the budget
 */
export function readModel(bytes: Uint8Array, source: string, budget = budgetFor(bytes.byteLength)): Graph {
  return within(budget, () => read(bytes, source));
}

function read(bytes: Uint8Array, source: string): Graph {
  const model = decode(bytes, source);
  const opset = checkVersions(model, source);
  const graph = model.graph!;
  if (graph.sparseInitializer.length > 0) throw new InputError(`${source}: sparse initializers are not supported`);
  const values = new Values();
  const unread = new Unread();
  defineInitializers(graph, values, source);
  const inputs = new Map<string, Value>();
  for (const info of graph.input) {
    if (values.get(info.name)?.literal) continue; // IR 3 lists initializers among the inputs.
    const value = graphInput(info, source);
    inputs.set(value.name!, value);
    values.define(value.name, value, `${source}: input "${value.name}"`);
  }
  const reading: Reading = { source, model, nodes: [], opset, values, unread, weights: new WeightCheck(source) };
  readNodes(withoutFunctions(model, source), reading);
  const outputs = new Map<string, Value>();
  const without = new Map<string, string>();
  for (const { name = "" } of graph.output) {
    refuseName(name, "output", source);
    const cause = unread.first([name]);
    if (cause) {
      without.set(name, cause.message);
      continue;
    }
    const value = values.get(name);
    if (!value) throw new InputError(`${source}: output "${name}" is made by no node`);
    // One that is listed twice is the same tensor twice, for onnxruntime too.
    outputs.set(name, value);
  }
  const metadata = new Map(model.metadataProps.map(({ key = "", value = "" }) => [key, value]));
  if (outputs.size === 0) throw unread.first(without.keys())!;
  return { name: graph.name ?? "", inputs, outputs, metadata, opset, ...(without.size > 0 && { unread: without }) };
}

function defineInitializers({ initializer }: GraphProto, values: Values, source: string): void {
  for (const proto of initializer) {
    const called = `${source}: initializer "${proto.name ?? ""}"`;
    const literal = literalOf(proto, called);
    refuseNaN(literal, called);
    values.define(proto.name, constant(literal, proto.name), called);
  }
}

/** Reads nodes; what one makes that cannot be read, and what depends on it, is left out. */
function readNodes(nodes: readonly NodeProto[], reading: Reading): void {
  const { values, unread } = reading;
  const isGiven = (name: string) => values.get(name) !== undefined || unread.first([name]) !== undefined;
  for (const proto of inOrder(nodes, isGiven, reading.source))
    unread.unless(proto.output, () => {
      const cause = unread.first(proto.input);
      if (cause) throw cause;
      readNode(proto, { ...reading, nodes });
    });
}

/** A node of a sound file that is not supported: outputs that do not need it are read all the same. */
class Unsupported extends InputError {}

/** Names of what is not supported, with the reason. */
class Unread {
  readonly #causes = new Map<string, Unsupported>();
  readonly #order: Unsupported[] = [];

  /** Reads what has these names. */
  unless(names: Iterable<string | undefined>, read: () => void): void {
    try {
      read();
    } catch (error) {
      if (!(error instanceof Unsupported)) throw error;
      if (!this.#order.includes(error)) this.#order.push(error);
      for (const name of names) if (name) this.#causes.set(name, error);
    }
  }

  /** The reason that was found first why one of these could not be read; undefined where all could. */
  first(names: Iterable<string>): Unsupported | undefined {
    const causes = new Set(Array.from(names, (name) => this.#causes.get(name)));
    return this.#order.find((error) => causes.has(error));
  }
}

/** The values read so far, by name; an empty name is an optional input or output left out. */
class Values {
  readonly #byName = new Map<string, Value>();

  get(name = ""): Value | undefined {
    return this.#byName.get(name);
  }

  define(name: string | undefined, value: Value, called: string): void {
    if (!name) return;
    if (this.#byName.get(name) === value) return;
    if (this.#byName.has(name)) throw new InputError(`${called}: the name "${name}" is taken already`);
    this.#byName.set(name, value);
  }
}

type CheckedModel = ModelProto & { graph: GraphProto };

function decode(bytes: Uint8Array, source: string): CheckedModel {
  let model: ModelProto;
  try {
    model = decodeMessage(ONNX, "ModelProto", bytes) as unknown as ModelProto;
  } catch (error) {
    const why = error instanceof NestedTooDeep ? error.message : "truncated, or not an ONNX file";
    throw new InputError(`${source}: ${why}`);
  }
  if (!model.graph || model.graph.output.length === 0 || !model.irVersion)
    throw new InputError(`${source}: not an ONNX file (no graph with outputs in ${bytes.byteLength} bytes)`);
  return model as CheckedModel;
}

function checkVersions(model: ModelProto, source: string): number {
  if (model.irVersion! > SUPPORTED.maxIr)
    throw new InputError(`${source}: IR version ${model.irVersion}; supported up to ${SUPPORTED.maxIr}`);
  const opset = model.opsetImport.find(({ domain = "" }) => domain === "" || domain === "ai.onnx")?.version ?? 0;
  if (opset < SUPPORTED.minOpset || opset > SUPPORTED.maxOpset)
    throw new InputError(
      `${source}: operator set ${opset}; supported are ${SUPPORTED.minOpset} to ${SUPPORTED.maxOpset}`,
    );
  return opset;
}

/** Reads only a model's inputs: compiled models may contain loops, which are not read. */
export function readInputs(bytes: Uint8Array, source: string): Value[] {
  const { graph } = decode(bytes, source);
  const constants = new Set(graph.initializer.map(({ name }) => name));
  return graph.input.filter(({ name }) => !constants.has(name)).map((info) => graphInput(info, source));
}

function graphInput(info: ValueInfoProto, source: string): Value {
  const name = info.name ?? "";
  refuseName(name, "input", source);
  const tensor = info.type?.tensorType;
  const dtype = dtypeOf(tensor?.elemType ?? 0);
  if (!tensor?.shape || !dtype)
    throw new InputError(`${source}: input "${name}" is not a tensor of known rank and type`);
  const shape = tensor.shape.dim.map(({ dimValue, dimParam }, axis) => {
    if (dimValue !== undefined && dimValue > 0) return dimValue;
    if (axis === 0) return 1;
    const symbol = dimParam ? `"${dimParam}"` : "unknown";
    throw new InputError(
      `${source}: input "${name}" axis ${axis} is ${symbol}; only the batch (axis 0) may be symbolic; ` +
        `give the others: --shape ${name}=${tensor.shape!.dim.map((dim, i) => dim.dimValue || (i === 0 ? 1 : "?")).join("x")}`,
    );
  });
  try {
    countTensors("Input", [{ dtype, shape }]);
  } catch (error) {
    throw error instanceof ShapeError ? new InputError(`${source}: input "${name}": ${error.message}`) : error;
  }
  return input(name, dtype, shape);
}

/** @throws InputError for a name that onnxruntime's interface for JavaScript loses */
function refuseName(name: string, what: "input" | "output", source: string): void {
  if (name === "__proto__") throw new InputError(`${source}: an ${what} cannot be named __proto__`);
}

/** Turns a file into a graph. */
interface Reading {
  readonly source: string;
  readonly model: CheckedModel;
  /** The nodes of the graph or branch that is read. */
  readonly nodes: readonly NodeProto[];
  readonly opset: number;
  readonly values: Values;
  readonly unread: Unread;
  readonly weights: WeightCheck;
}

function readNode(proto: NodeProto, reading: Reading): void {
  const { source, values } = reading;
  const op = proto.opType ?? "";
  const called = `${source}: node "${proto.name || proto.output[0] || "(unnamed)"}" (${op})`;
  const isRead = domainOf(proto) === "" ? op === "If" || READABLE.has(op) : loweringOf(op, domainOf(proto));
  if (!isRead) throw unsupported(proto, called, reading);
  try {
    if (domainOf(proto) !== "") defineOutputs(proto, reading, called);
    else if (op === "If") readBranch(proto, reading, called);
    else if (op === "Constant" || op === "ConstantOfShape") {
      const literal =
        op === "Constant" ? constantOf(proto, called) : filledOf(proto, values.get(proto.input[0]), called);
      refuseNaN(literal, called);
      values.define(proto.output[0], constant(literal, proto.output[0]), called);
    } else defineOutputs(proto, reading, called);
  } catch (error) {
    if (error instanceof BudgetError) throw new InputError(`${called}: ${error.message}`);
    if (error instanceof ShapeError || error instanceof RangeError)
      throw new Unsupported(`${called}: ${error.message}`);
    throw error;
  }
}

/** A node's domain, empty for ONNX itself. */
const domainOf = ({ domain = "" }: NodeProto): string => (domain === "ai.onnx" ? "" : domain);

/** The branch of an If whose condition is a constant, in place of the node. */
function readBranch(proto: NodeProto, reading: Reading, called: string): void {
  const { values, source, unread } = reading;
  const condition = values.get(proto.input[0])?.literal;
  if (condition?.size !== 1)
    throw new Unsupported(`${called}: its condition is not known beforehand${nearestTo("If")}`);
  const name = condition.scalar() === 0 ? "else_branch" : "then_branch";
  const branch = proto.attribute.find((attribute) => attribute.name === name)?.g;
  if (branch?.output.length !== proto.output.length)
    throw new InputError(`${called}: expected a ${name} of ${proto.output.length} outputs`);
  defineInitializers(branch, values, source);
  readNodes(branch.node, reading);
  branch.output.forEach((output, i) => {
    const value = values.get(output.name);
    const cause = unread.first([output.name ?? ""]);
    if (cause) throw cause;
    if (!value) throw new InputError(`${called}: output "${output.name}" of its ${name} is made by no node`);
    values.define(proto.output[i], value, called);
  });
}

/** The outputs of a node of a known operator, constants where they can be evaluated. */
function defineOutputs(proto: NodeProto, reading: Reading, called: string): void {
  const { values, weights } = reading;
  const opset = proto.opset ?? reading.opset;
  const op = proto.opType!;
  const inputs = proto.input.map((name) => {
    if (name === "") return undefined;
    const value = values.get(name);
    if (!value) throw new InputError(`${called}: input "${name}" is made by no node`);
    return value;
  });
  weights.refuseInfinite(op, proto.name || proto.output[0] || "", inputs);
  const attributes = Object.fromEntries(proto.attribute.map((a) => [a.name ?? "", attributeOf(a, called)]));
  const lowering = loweringOf(op, domainOf(proto));
  if (lowering) {
    const made = lower(lowering, { op, inputs, attributes }, proto.name ?? "", proto.output);
    proto.output.forEach((name, i) => {
      if (made[i]) values.define(name, made[i], called);
    });
    return;
  }
  // Shared weights that an exporter writes under many names stay one constant.
  const constantAlias = op === "Identity" && inputs[0]?.literal ? inputs[0] : undefined;
  const same = op === "Cast" ? uncast(inputs[0], dtypeOf(attributes.to as number)) : constantAlias;
  if (same) {
    values.define(proto.output[0], same, called);
    return;
  }
  const upgraded = upgrade({ op, inputs, attributes }, { opset, outputs: proto.output.length });
  const form = softmaxOf(upgraded) ?? upgraded;
  const node = applyNode(form.op, form.inputs, form.attributes, { name: proto.name, outputNames: proto.output });
  const constants = fold(node);
  proto.output.forEach((name, i) => {
    const literal = constants?.[i];
    const value = literal ? constant(literal, name) : node.outputs[i];
    if (!value && name !== "") throw new Unsupported(`${called}: output ${i} ("${name}") is not supported`);
    if (value) values.define(name, value, called);
  });
}

function unsupported(proto: NodeProto, called: string, { nodes, model: { graph, functions } }: Reading): Unsupported {
  const outputs = new Set(proto.output);
  const consumers = nodes.filter((node) => node.input.some((name) => outputs.has(name)));
  const readers = consumers.map((node) => `"${node.name || node.output[0]}" (${node.opType})`);
  const also = graph.output.filter(({ name }) => outputs.has(name ?? "")).map(({ name }) => `output "${name}"`);
  const domain = proto.domain ? ` of domain ${proto.domain}` : "";
  const local = functions.some(({ name, domain: of = "" }) => name === proto.opType && of === (proto.domain ?? ""));
  return new Unsupported(
    `${called}: ${local ? "function" : "operator"} ${proto.opType ?? "without a name"}${domain} is not supported; ` +
      `it feeds ${[...readers, ...also].join(", ") || "nothing"}${nearestTo(proto.opType ?? "")}`,
  );
}

function attributeOf(proto: AttributeProto, called: string): Attribute {
  switch (proto.type) {
    case ATTRIBUTE_TYPE.float:
      return proto.f ?? 0;
    case ATTRIBUTE_TYPE.int:
      return proto.i ?? 0;
    case ATTRIBUTE_TYPE.string:
      return new TextDecoder().decode(proto.s);
    case ATTRIBUTE_TYPE.floats:
      return proto.floats;
    case ATTRIBUTE_TYPE.ints:
      return proto.ints;
    case ATTRIBUTE_TYPE.strings:
      return proto.strings.map((bytes) => new TextDecoder().decode(bytes));
    default:
      throw new Unsupported(`${called}: attribute ${proto.name} of type ${proto.type} is not supported`);
  }
}

function constantOf(proto: NodeProto, called: string): Literal {
  const [attribute] = proto.attribute;
  if (attribute?.name === "value" && attribute.t) return literalOf(attribute.t, called);
  if (attribute?.name === "value_float") return Literal.from("float32", [], [attribute.f ?? 0]);
  if (attribute?.name === "value_int") return Literal.from("int64", [], [attribute.i ?? 0]);
  if (attribute?.name === "value_floats") return Literal.from("float32", [attribute.floats.length], attribute.floats);
  if (attribute?.name === "value_ints") return Literal.from("int64", [attribute.ints.length], attribute.ints);
  throw new Unsupported(`${called}: constant of form ${attribute?.name} is not supported`);
}

/** ConstantOfShape: one repeated value (default float 0) in a shape that must be known. */
function filledOf(proto: NodeProto, shape: Value | undefined, called: string): Literal {
  if (!shape?.literal) throw new Unsupported(`${called}: the shape must be a constant, it is computed at run time`);
  const extents = Array.from(shape.literal.numbers());
  if (extents.some((d) => d < 0)) throw new InputError(`${called}: the shape [${extents}] is not one of a constant`);
  countConstant("ConstantOfShape", extents);
  const tensor = proto.attribute[0]?.t;
  const { dtype, value } = tensor
    ? { dtype: literalOf(tensor, called).dtype, value: literalOf(tensor, called).scalar() }
    : { dtype: "float32" as const, value: 0 };
  return Literal.from(dtype, extents, new Float64Array(sizeOf(extents)).fill(value));
}
