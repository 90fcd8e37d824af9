import * as z from "zod";
import { InputError } from "../errors.js";
import { schemaError } from "../yaml/schema-error.js";

const QUANTISATIONS = ["uint8", "uint16", "float16"] as const;

const weightSchema = z.object({
  name: z.string(),
  shape: z.array(z.int().min(0)),
  dtype: z.string(),
  quantization: z
    .object({
      dtype: z.enum(QUANTISATIONS, `one of ${QUANTISATIONS.join(", ")}`),
      original_dtype: z.string().optional(),
      scale: z.number().optional(),
      min: z.number().optional(),
    })
    .optional(),
});

/** One weight of a manifest: its place in the shards is the end of the one before. */
export type WeightEntry = z.output<typeof weightSchema>;

const groupSchema = z.object({ paths: z.array(z.string()).min(1), weights: z.array(weightSchema) });

/** Shards, in their order, and the weights that lie in them one after another. */
export type WeightGroup = z.output<typeof groupSchema>;

const object = z.record(z.string(), z.unknown());

const fileSchema = z.object({
  format: z.string().optional(),
  modelTopology: object,
  weightsManifest: z.array(groupSchema),
  signature: object.optional(),
  userDefinedMetadata: object.optional(),
});

/** A `model.json` of TensorFlow.js. */
export interface ModelJson {
  /** `layers`: a Keras network by its layers; `graph`: a TensorFlow graph by its operations. */
  readonly format: "layers" | "graph";
  readonly topology: Readonly<Record<string, unknown>>;
  readonly groups: readonly WeightGroup[];
  /** A graph's inputs and outputs, where the file has them. */
  readonly signature: Readonly<Record<string, unknown>> | undefined;
}

/** Bytes at the start of a file by which JSON is told from ONNX, which begins with a field's number. */
const START = 64;

/** True for the bytes of a file that begins as a JSON object. */
export const looksLikeJson = (bytes: Uint8Array): boolean =>
  new TextDecoder().decode(bytes.subarray(0, START)).trimStart().startsWith("{");

/** Reads a `model.json`. @throws InputError, one line, for what is none */
export function parseModelJson(text: string, source: string): ModelJson {
  const data = jsonOf(text, source);
  const result = fileSchema.safeParse(data);
  if (!result.success) {
    if (typeof data === "object" && data !== null && !Object.hasOwn(data, "modelTopology"))
      throw new InputError(`${source}: not a model of TensorFlow.js, expected "modelTopology" and "weightsManifest"`);
    throw schemaError(source, data, result.error.issues);
  }
  const { modelTopology: topology, weightsManifest: groups, signature, userDefinedMetadata } = result.data;
  const isGraph = Array.isArray(topology.node);
  const told = result.data.format;
  const expected = isGraph ? "graph-model" : "layers-model";
  if (told !== undefined && told !== expected && told !== `tfjs-${expected}`)
    throw new InputError(
      `${source}: format: found ${JSON.stringify(told)}, expected ${expected} for its modelTopology`,
    );
  const given = signature ?? (userDefinedMetadata?.signature as ModelJson["signature"]);
  return { format: isGraph ? "graph" : "layers", topology, groups, signature: given };
}

function jsonOf(text: string, source: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new InputError(`${source}: not JSON (truncated, or not a model of TensorFlow.js)`);
  }
}
