import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type GraphProto, type ModelProto, ONNX, type TensorProto } from "#src/graph/onnx-schema.js";
import { decodeMessage, encodeMessage, type Message } from "#src/graph/protobuf.js";

/** Where a test puts the data of tensor number `index`; a key that is undefined is left out of the model. */
export interface Layout {
  readonly location: (index: number) => string;
  /** Data begins at multiples of it. */
  readonly alignment?: number;
  readonly keys?: readonly ("offset" | "length")[];
}

/** One file beside the model, without gaps. */
export const ONE_FILE: Layout = { location: () => "policy.data", keys: ["offset", "length"] };

/**
 * Moves the weights of a model into files, by the text of the ONNX standard and without the code under
 * test; writes both into the folder.
 * @returns the model's path
 */
export async function scatter(model: Uint8Array, folder: string, layout: Layout = ONE_FILE): Promise<string> {
  const { alignment = 1, keys = ["offset", "length"], location } = layout;
  const proto = decodeMessage(ONNX, "ModelProto", model) as unknown as ModelProto;
  const files = new Map<string, number[]>();
  for (const [index, tensor] of tensorsOf(proto.graph!).entries()) {
    const file = location(index);
    const data = files.get(file) ?? [];
    files.set(file, data);
    while (data.length % alignment > 0) data.push(0xee);
    const places = { offset: `${data.length}`, length: `${tensor.rawData!.byteLength}` };
    data.push(...tensor.rawData!);
    delete tensor.rawData;
    tensor.dataLocation = 1;
    tensor.externalData = [{ key: "location", value: file }, ...keys.map((key) => ({ key, value: places[key] }))];
  }
  for (const [file, data] of files) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await writeFile(join(folder, file), Uint8Array.from(data));
  }
  const path = join(folder, "policy.onnx");
  await writeFile(path, encodeMessage(ONNX, "ModelProto", proto as unknown as Message));
  return path;
}

/** onnxruntime wants shapes and axes inside the model. */
const FLOAT = 1;

/** Weights: initializers, those of attributes and of subgraphs. */
function tensorsOf(graph: GraphProto): TensorProto[] {
  const attributes = graph.node.flatMap(({ attribute }) => attribute);
  return [
    ...graph.initializer,
    ...attributes.flatMap(({ t, g }) => [...(t ? [t] : []), ...(g ? tensorsOf(g as GraphProto) : [])]),
  ].filter(({ rawData, dataType }) => rawData && dataType === FLOAT);
}
