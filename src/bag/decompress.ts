import { createRequire } from "node:module";
import type Lz4 from "@foxglove/wasm-lz4";
import zstd from "@foxglove/wasm-zstd";
import { loadDecompressHandlers } from "@mcap/support";

type Unpack = (packed: Uint8Array, size: bigint) => Uint8Array | Promise<Uint8Array>;

let loaded: Promise<Readonly<Record<string, Unpack>>> | undefined;

/** Decompression of MCAP chunks, by the name that a chunk gives. What zstd unpacks is not copied a second time. */
export const decompressHandlers = (): Promise<Readonly<Record<string, Unpack>>> => {
  loaded ??= load();
  return loaded;
};

async function load(): Promise<Readonly<Record<string, Unpack>>> {
  const handlers = await loadDecompressHandlers();
  await zstd.isLoaded;
  return { ...handlers, lz4: unpackLz4, zstd: (bytes, size) => zstd.decompress(bytes, Number(size)) };
}

const require = createRequire(import.meta.url);
let lz4: typeof Lz4 | undefined;

async function unpackLz4(packed: Uint8Array, size: bigint): Promise<Uint8Array> {
  try {
    lz4 ??= await newLz4();
    return lz4(packed, Number(size));
  } catch {
    // After damaged data the module fails for all others, so a new one has the last word.
    lz4 = await newLz4();
    return lz4(packed, Number(size));
  }
}

async function newLz4(): Promise<typeof Lz4> {
  const path = require.resolve("@foxglove/wasm-lz4");
  delete require.cache[path];
  const made = require(path) as typeof Lz4;
  await made.isLoaded;
  return made;
}
