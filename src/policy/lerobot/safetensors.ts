import { InputError } from "../../errors.js";
import { readWhole } from "../../files/reading.js";
import { own } from "../../own.js";

/** A tensor of a safetensors file. */
export interface StoredTensor {
  readonly shape: readonly number[];
  /** The elements in row-major order. */
  readonly values: Float64Array;
}

/** Bytes before the header: its length. */
const LENGTH = 8;

type Reader = { readonly bytes: number; readonly at: (view: DataView, place: number) => number };

/** Element types that statistics are stored in. */
const READERS: Readonly<Record<string, Reader>> = {
  F32: { bytes: 4, at: (view, place) => view.getFloat32(place, true) },
  F64: { bytes: 8, at: (view, place) => view.getFloat64(place, true) },
  I32: { bytes: 4, at: (view, place) => view.getInt32(place, true) },
  I64: { bytes: 8, at: (view, place) => Number(view.getBigInt64(place, true)) },
};

interface Entry {
  readonly dtype?: unknown;
  readonly shape?: unknown;
  readonly data_offsets?: unknown;
}

/**
 * Reads tensors of a safetensors file by name; those of other element types are left out.
 * @param wanted which of them
 * @throws InputError for a file that is truncated or none
 */
export async function readSafetensors(
  path: string,
  wanted: (name: string) => boolean,
): Promise<Map<string, StoredTensor>> {
  const file = await readWhole(path, "the statistics");
  const broken = (why: string) => new InputError(`${path}: not a safetensors file, or truncated (${why})`);
  const length = file.length < LENGTH ? Number.NaN : Number(file.readBigUInt64LE(0));
  if (!(length <= file.length - LENGTH)) throw broken(`its header does not fit into ${file.length} bytes`);
  const data = file.subarray(LENGTH + length);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const tensors = new Map<string, StoredTensor>();
  for (const [name, entry] of Object.entries(headerOf(file.toString("utf8", LENGTH, LENGTH + length), broken))) {
    const reader = own(READERS, String(entry.dtype));
    if (!wanted(name) || !reader) continue;
    const [from, to] = numbers(entry.data_offsets);
    const shape = numbers(entry.shape);
    const size = shape.reduce((product, extent) => product * extent, 1);
    if (from === undefined || to === undefined || to > data.length || to - from !== size * reader.bytes)
      throw broken(`the tensor ${JSON.stringify(name)} does not fit its place`);
    const start = from;
    tensors.set(name, {
      shape,
      values: Float64Array.from({ length: size }, (_, i) => reader.at(view, start + i * reader.bytes)),
    });
  }
  return tensors;
}

const numbers = (data: unknown): number[] => (Array.isArray(data) ? data.map(Number) : []);

function headerOf(text: string, broken: (why: string) => InputError): Readonly<Record<string, Entry>> {
  try {
    return JSON.parse(text);
  } catch {
    throw broken("its header is not JSON");
  }
}
