import { createHash } from "node:crypto";
import { InputError } from "../errors.js";
import { readWhole } from "../files/reading.js";
import { type ScatteredModel, scatteredModel } from "../graph/outside-data.js";
import { inSinglePrecision } from "../graph/single-precision.js";
import { convertTfjs } from "../tfjs/convert.js";
import { looksLikeJson } from "../tfjs/model-json.js";
import { type Destination, findDataFiles, readData } from "./data-files.js";

/** A policy's file with all its data, as ONNX. */
export interface ModelFile {
  /** The file, with data of files beside it inside, and float16 and bfloat16 as float32; a `model.json` of TensorFlow.js converted. */
  readonly bytes: Uint8Array;
  /** Hex digest of the file, followed by the data in files beside it, by the files' names and the data's places. */
  readonly sha256: string;
  /** Files beside it that hold its tensors' data, absolute. */
  readonly dataFiles: readonly string[];
}

/** More than protobuf, and so onnxruntime, reads in one piece. */
const TOO_LARGE = 2 ** 31;

/**
 * Reads an ONNX file, and the data of its tensors that is stored in files beside it (PyTorch's default); or a
 * `model.json` of TensorFlow.js with its shards, which becomes ONNX.
 * @throws InputError where a file is missing, unreadable or outside of the model's folder, and for data that does not
 * fit its tensor, and as `convertTfjs`
 * @param known the bytes of the file, where they have been read: a pipe can be read once
 */
export async function readModelFile(path: string, known?: Uint8Array): Promise<ModelFile> {
  const file = known ?? (await readBytes(path));
  if (looksLikeJson(file)) return convertTfjs(file, path);
  const hash = createHash("sha256").update(file);
  const scattered = scatteredModel(file, path);
  if (!scattered) return { bytes: inSinglePrecision(file), sha256: hash.digest("hex"), dataFiles: [] };
  const { bytes, data, dataFiles } = await withData(scattered, path);
  for (const { into } of data) hash.update(into);
  return { bytes: inSinglePrecision(bytes), sha256: hash.digest("hex"), dataFiles };
}

/** Reads a policy's file. Throws InputError where it is missing or unreadable. */
export const readBytes = (path: string): Promise<Uint8Array> => readWhole(path, "the policy");

async function withData(model: ScatteredModel, path: string) {
  const files = await findDataFiles(model.tensors, path);
  if (model.size >= TOO_LARGE)
    throw new InputError(
      `${path}: with its data in other files it has ${(model.size / 2 ** 30).toFixed(1)} GiB; ` +
        "expected less than the 2 GiB that one ONNX file can hold",
    );
  const { bytes, places } = model.join();
  const data = model.tensors.map((tensor, i): Destination => ({ tensor, into: places[i]! })).sort(inPlaceOrder);
  for (const [location, file] of files)
    await readData(
      file,
      data.filter(({ tensor }) => tensor.location === location),
    );
  return { bytes, data, dataFiles: Array.from(files.values(), (file) => file.path) };
}

function inPlaceOrder({ tensor: a }: Destination, { tensor: b }: Destination): number {
  if (a.location !== b.location) return a.location < b.location ? -1 : 1;
  return a.offset - b.offset;
}
