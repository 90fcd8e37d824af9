import { inOrder } from "./node-order.js";
import { type ModelProto, ONNX } from "./onnx-schema.js";
import { decodeMessage, encodeMessage } from "./protobuf.js";

/** A node as the file has it. */
export interface FileNode {
  readonly label: string;
  readonly op: string;
  readonly outputs: readonly string[];
}

/** The nodes of an ONNX file that `readModel` reads, each after the nodes that make its inputs. */
export function fileNodes(bytes: Uint8Array, source: string): FileNode[] {
  const { graph } = decodeMessage(ONNX, "ModelProto", bytes) as unknown as ModelProto;
  if (!graph) return [];
  const given = new Set([...graph.input, ...graph.initializer].map(({ name }) => name));
  return inOrder(graph.node, (name) => given.has(name), source).map(({ name, opType = "", output }) => {
    const outputs = output.filter(Boolean);
    return { label: name || outputs[0] || "(unnamed)", op: opType, outputs };
  });
}

/** The same file with further values as outputs. Nothing of it is written again: protobuf joins what stands behind it. */
export function withOutputs(bytes: Uint8Array, names: readonly string[]): Uint8Array {
  const { graph } = decodeMessage(ONNX, "ModelProto", bytes) as unknown as ModelProto;
  const known = new Set(graph?.output.map(({ name }) => name));
  const output = names.filter((name) => !known.has(name)).map((name) => ({ name }));
  const more = encodeMessage(ONNX, "ModelProto", { graph: { output } });
  const joined = new Uint8Array(bytes.length + more.length);
  joined.set(bytes);
  joined.set(more, bytes.length);
  return joined;
}
