import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** A weight as a manifest lists it, with its numbers. */
export interface SavedWeight {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: ArrayLike<number>;
  readonly dtype?: "float32" | "int32";
}

/** Ways that weights are stored. */
export type Storage = "float32" | "float16" | "uint8" | "uint16";

interface Saved {
  readonly format: "layers-model" | "graph-model";
  readonly topology: object;
  readonly signature?: object;
  readonly weights: readonly SavedWeight[];
  readonly storage?: Storage;
  /** Bytes of a shard at most. */
  readonly shardBytes?: number;
}

/** Writes `model.json` and its shards into a folder; returns the path of the former. */
export async function save(folder: string, { format, topology, signature, weights, storage, shardBytes }: Saved) {
  const stored = weights.map((weight) => encode(weight, storage ?? "float32"));
  const data = Buffer.concat(stored.map(({ bytes }) => bytes));
  const size = shardBytes ?? Math.max(1, data.length);
  const count = Math.max(1, Math.ceil(data.length / size));
  const paths = Array.from({ length: count }, (_, i) => `group1-shard${i + 1}of${count}.bin`);
  await mkdir(folder, { recursive: true });
  for (const [i, path] of paths.entries()) await writeFile(join(folder, path), data.subarray(i * size, (i + 1) * size));
  const manifest = [{ paths, weights: stored.map(({ entry }) => entry) }];
  const file = join(folder, "model.json");
  const whole = { format, modelTopology: topology, weightsManifest: manifest, ...(signature && { signature }) };
  await writeFile(file, JSON.stringify(whole));
  return file;
}

function encode({ name, shape, values, dtype = "float32" }: SavedWeight, storage: Storage) {
  const entry = { name, shape, dtype };
  if (dtype === "int32") return { entry, bytes: bytesOf(Int32Array.from(values)) };
  if (storage === "float32") return { entry, bytes: bytesOf(Float32Array.from(values)) };
  if (storage === "float16")
    return {
      entry: { ...entry, quantization: { dtype: storage } },
      bytes: bytesOf(Uint16Array.from(values, halfOf)),
    };
  const all = Array.from(values);
  const [min, max] = [Math.min(...all), Math.max(...all)];
  const most = storage === "uint8" ? 255 : 65535;
  const scale = (max - min || 1) / most;
  const numbers = all.map((value) => Math.round((value - min) / scale));
  return {
    entry: { ...entry, quantization: { dtype: storage, scale, min } },
    bytes: bytesOf(storage === "uint8" ? Uint8Array.from(numbers) : Uint16Array.from(numbers)),
  };
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView) => Buffer.from(buffer, byteOffset, byteLength);

/** The half next to zero of a number below 2¹⁵; smaller than 2⁻¹⁴ is 0. */
function halfOf(value: number): number {
  const size = Math.abs(value);
  if (size < 2 ** -14) return 0;
  const exponent = Math.floor(Math.log2(size));
  const fraction = Math.floor((size / 2 ** exponent - 1) * 1024);
  return (value < 0 ? 0x8000 : 0) | ((exponent + 15) << 10) | fraction;
}
