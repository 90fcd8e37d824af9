import zstd from "@foxglove/wasm-zstd";
import { loadDecompressHandlers } from "@mcap/support";

type Handlers = Awaited<ReturnType<typeof loadDecompressHandlers>>;

/** Decompression of MCAP chunks. Those of zstd are not copied a second time. */
export async function decompressHandlers(): Promise<Handlers> {
  const handlers = await loadDecompressHandlers();
  await zstd.isLoaded;
  return { ...handlers, zstd: (bytes, size) => zstd.decompress(bytes, Number(size)) };
}
