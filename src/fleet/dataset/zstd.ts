import zstd from "@foxglove/wasm-zstd";

const LEVEL = 3;

/** To be awaited once before the functions below. */
export const zstdReady: Promise<unknown> = zstd.isLoaded;

/** The same bytes for the same data, on every machine. */
export const compressed = (data: Uint8Array): Uint8Array => Uint8Array.from(zstd.compress(data, LEVEL));

/** @param length of the result, bytes */
export const decompressed = (data: Uint8Array, length: number): Uint8Array =>
  Uint8Array.from(zstd.decompress(data, length));
