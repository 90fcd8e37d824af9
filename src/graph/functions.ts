import { InputError } from "../errors.js";
import type { AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto } from "./onnx-schema.js";

/** Most nodes of a model whose functions are written out: functions that call others twice each grow without bound. */
const MOST_NODES = 1_000_000;

const keyOf = (domain: string | undefined, name: string | undefined) => `${domain ?? ""}.${name ?? ""}`;

/**
 * The nodes of a model's graph with the calls of its own functions written out. What a function computes inside is named
 * after the call's first output.
 * @throws InputError for a function that calls itself, or functions that are too large written out
 */
export function withoutFunctions(model: ModelProto & { graph: GraphProto }, source: string): NodeProto[] {
  const functions = new Map(model.functions.map((one) => [keyOf(one.domain, one.name), one] as const));
  if (functions.size === 0) return model.graph.node;
  let count = 0;
  const written = (nodes: readonly NodeProto[], calls: readonly FunctionProto[]): NodeProto[] =>
    nodes.flatMap((node) => {
      const called = functions.get(keyOf(node.domain, node.opType));
      if (!called?.node.length) {
        if (++count > MOST_NODES)
          throw new InputError(`${source}: with its functions written out it has over ${MOST_NODES} nodes`);
        return [inBranches(node, (inner) => written(inner, calls))];
      }
      if (calls.includes(called)) throw new InputError(`${source}: function ${called.name} calls itself`);
      return written(bodyOf(called, node), [...calls, called]);
    });
  return written(model.graph.node, []);
}

/** A node with the nodes of its branches changed. */
function inBranches(node: NodeProto, change: (nodes: readonly NodeProto[]) => NodeProto[]): NodeProto {
  if (!node.attribute.some(({ g }) => g)) return node;
  const attribute = node.attribute.map((a) => (a.g ? { ...a, g: { ...a.g, node: change(a.g.node) } } : a));
  return { ...node, attribute };
}

/** The body of a function for one call. */
function bodyOf(of: FunctionProto, call: NodeProto): NodeProto[] {
  const prefix = `${call.output.find(Boolean) ?? call.name ?? of.name}/`;
  const names = new Map<string, string>([["", ""]]);
  of.input.forEach((name, i) => {
    names.set(name, call.input[i] ?? "");
  });
  of.output.forEach((name, i) => {
    if (call.output[i]) names.set(name, call.output[i]);
  });
  const given = new Map(call.attribute.map((a) => [a.name ?? "", a]));
  for (const fallback of of.attributeProto)
    if (!given.has(fallback.name ?? "")) given.set(fallback.name ?? "", fallback);
  const opset = of.opsetImport.find(({ domain = "" }) => domain === "" || domain === "ai.onnx")?.version;
  const renamed = (name: string) => names.get(name) ?? `${prefix}${name}`;
  const again = (node: NodeProto): NodeProto => ({
    ...node,
    input: node.input.map(renamed),
    output: node.output.map(renamed),
    ...(node.name && { name: `${prefix}${node.name}` }),
    ...(opset !== undefined && { opset }),
    attribute: node.attribute.flatMap((a) => filled(a, given)).map((a) => (a.g ? { ...a, g: branch(a.g) } : a)),
  });
  const branch = (g: GraphProto): GraphProto => ({
    ...g,
    node: g.node.map(again),
    initializer: g.initializer.map((tensor) => ({ ...tensor, name: renamed(tensor.name ?? "") })),
    input: g.input.map((info) => ({ ...info, name: renamed(info.name ?? "") })),
    output: g.output.map((info) => ({ ...info, name: renamed(info.name ?? "") })),
  });
  return of.node.map(again);
}

/** An attribute that stands for one of the call's takes its value; it is left out where the call leaves it out. */
function filled(attribute: AttributeProto, given: ReadonlyMap<string, AttributeProto>): AttributeProto[] {
  if (!attribute.refAttrName) return [attribute];
  const value = given.get(attribute.refAttrName);
  return value ? [{ ...value, ...(attribute.name !== undefined && { name: attribute.name }) }] : [];
}
