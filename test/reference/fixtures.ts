import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as ort from "onnxruntime-node";

/** The golden files of `test/data/reference`; their keys are described in `test/reference/README.md`. */
const FOLDER = new URL("../data/reference/", import.meta.url);

export interface Case {
  readonly inputs: Readonly<Record<string, EncodedArray>>;
  readonly outputs: Readonly<Record<string, EncodedArray>>;
  readonly explained: readonly number[];
  readonly seeds: readonly number[];
  readonly importance: readonly number[];
  readonly source: "zennit" | "dense";
  readonly relevance: Readonly<Record<string, EncodedArray>>;
  readonly torque_relevance: Readonly<Record<string, EncodedArray>>;
  readonly shares: readonly number[];
  readonly torque_shares: readonly (readonly number[])[];
  readonly residual: number;
  readonly empty_pool: boolean;
}

export interface EncodedArray {
  readonly dtype: "float32" | "float64" | "uint8" | "int64";
  readonly shape: readonly number[];
  readonly values?: readonly number[];
  readonly base64?: string;
}

export interface Fixture {
  readonly name: string;
  readonly exporter: { readonly framework: string; readonly form: string; readonly opset: number; readonly ir: number };
  readonly operators: readonly string[];
  readonly card: object;
  readonly modalities: readonly string[];
  readonly explains: string;
  readonly cases: readonly Case[];
}

/** A policy of `architectures/`: no relevance beside it but what `methods` of its cases hold. */
export interface Architecture extends Omit<Fixture, "modalities" | "cases"> {
  /** α, one a torque. */
  readonly importance: readonly number[];
  readonly cases: readonly Pick<Case, "inputs" | "outputs" | "explained">[];
}

const ARRAYS = { float32: Float32Array, float64: Float64Array, uint8: Uint8Array } as const;

const namesIn = (folder: URL, ending = ".json"): readonly string[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith(ending))
    .map((file) => file.slice(0, -ending.length))
    .sort();

/** Every fixture's name: there are other numbers beside the policies. */
export const names = namesIn(FOLDER, ".onnx");

const ARCHITECTURES = new URL("architectures/", FOLDER);

/** Every policy's name of `architectures/`. */
export const architectureNames = namesIn(ARCHITECTURES);

export const architecture = (name: string): Architecture =>
  JSON.parse(readFileSync(new URL(`${name}.json`, ARCHITECTURES), "utf8")) as Architecture;

export const architecturePath = (name: string): string => fileURLToPath(new URL(`${name}.onnx`, ARCHITECTURES));

export const fixture = (name: string): Fixture =>
  JSON.parse(readFileSync(new URL(`${name}.json`, FOLDER), "utf8")) as Fixture;

export const modelPath = (name: string): string => fileURLToPath(new URL(`${name}.onnx`, FOLDER));

export const modelBytes = (name: string): Uint8Array => new Uint8Array(readFileSync(modelPath(name)));

const OPERATORS = new URL("operators/", FOLDER);

/** Every policy's name of `operators/`, and its file. */
export const operatorNames = namesIn(OPERATORS, ".onnx");
export const operatorBytes = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`${name}.onnx`, OPERATORS)));

/** What the reader must say of each policy in `unsupported/`. */
export const refusals = JSON.parse(readFileSync(new URL("unsupported/expected.json", FOLDER), "utf8")) as Readonly<
  Record<string, { readonly operator: string; readonly node: string; readonly consumers: readonly string[] }>
>;

export const refusedBytes = (name: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`unsupported/${name}.onnx`, FOLDER)));

/** The elements of an encoded array, row-major; 64-bit integers as numbers. */
export function decode({ dtype, values, base64 }: EncodedArray): Float32Array | Float64Array | Uint8Array {
  if (dtype === "int64") return Float64Array.from(values ?? new BigInt64Array(bytesOf(base64!)), Number);
  return values ? ARRAYS[dtype].from(values) : new ARRAYS[dtype](bytesOf(base64!));
}

function bytesOf(base64: string): ArrayBuffer {
  const bytes = Buffer.from(base64, "base64");
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
}

/** An observation as onnxruntime's feeds. */
export function feeds(inputs: Case["inputs"]): Record<string, ort.Tensor> {
  return Object.fromEntries(Object.entries(inputs).map(([name, array]) => [name, tensor(array)]));
}

export function tensor(array: EncodedArray): ort.Tensor {
  const data = decode(array);
  if (array.dtype === "int64") return new ort.Tensor("int64", BigInt64Array.from(data as never, BigInt), array.shape);
  return new ort.Tensor(array.dtype as "float32", data as Float32Array, array.shape);
}

/** Loads a model on one thread. Without onnxruntime's own optimisation of the graph it loads in a third of the time. */
export const session = (bytes: Uint8Array, graphOptimizationLevel: "all" | "disabled" = "all") =>
  ort.InferenceSession.create(bytes, {
    graphOptimizationLevel,
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
  });
