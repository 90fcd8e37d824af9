import { InputError } from "../errors.js";
import { withoutFunctions } from "../graph/functions.js";
import { type ModelProto, ONNX } from "../graph/onnx-schema.js";
import { decodeMessage } from "../graph/protobuf.js";
import { READABLE } from "../graph/readable.js";

/** An operator that a model uses. */
export interface OperatorUse {
  /** `Conv`, or `domain.Name` outside the standard operators. */
  readonly name: string;
  /** Number of nodes. */
  readonly count: number;
  readonly supported: boolean;
  /** Names of the nodes (of their first output where they have none). */
  readonly nodes: readonly string[];
}

/** The operators that an ONNX file uses, supported or not, by name. Throws InputError for a file that is not ONNX. */
export function operatorsOf(bytes: Uint8Array, source: string): OperatorUse[] {
  const uses = new Map<string, { supported: boolean; nodes: string[] }>();
  for (const node of nodesOf(bytes, source)) {
    const { opType = "", domain = "", output } = node;
    const standard = domain === "" || domain === "ai.onnx";
    const name = standard ? opType : `${domain}.${opType}`;
    // Of an If with a known condition one branch is read.
    const supported = standard && (READABLE.has(opType) || opType === "If");
    const use = uses.get(name) ?? { supported, nodes: [] };
    use.nodes.push(node.name || output[0] || "(unnamed)");
    uses.set(name, use);
  }
  return [...uses]
    .map(([name, { supported, nodes }]) => ({ name, count: nodes.length, supported, nodes }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The nodes of a model, its functions written out. */
function nodesOf(bytes: Uint8Array, source: string) {
  const model = decoded(bytes, source);
  return model.graph ? withoutFunctions({ ...model, graph: model.graph }, source) : [];
}

function decoded(bytes: Uint8Array, source: string): ModelProto {
  try {
    return decodeMessage(ONNX, "ModelProto", bytes) as unknown as ModelProto;
  } catch {
    throw new InputError(`${source}: truncated, or not an ONNX file`);
  }
}
