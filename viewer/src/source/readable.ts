import type { McapTypes } from "@mcap/core";

type Readable = McapTypes.IReadable;

/** A file that was dropped onto the page or chosen; it never leaves the browser. */
export class BlobReadable implements Readable {
  readonly #blob: Blob;

  constructor(blob: Blob) {
    this.#blob = blob;
  }

  size = async (): Promise<bigint> => BigInt(this.#blob.size);

  read = async (offset: bigint, size: bigint): Promise<Uint8Array> =>
    new Uint8Array(await this.#blob.slice(Number(offset), Number(offset + size)).arrayBuffer());
}

/** A file of the page's server, read in ranges. */
export class HttpReadable implements Readable {
  readonly #url: string;
  readonly #bytes: number;

  constructor(url: string, bytes: number) {
    this.#url = url;
    this.#bytes = bytes;
  }

  size = async (): Promise<bigint> => BigInt(this.#bytes);

  /** @throws Error where the server does not answer with the whole range */
  read = async (offset: bigint, size: bigint): Promise<Uint8Array> => {
    if (size === 0n) return new Uint8Array();
    const response = await fetch(this.#url, { headers: { range: `bytes=${offset}-${offset + size - 1n}` } });
    if (response.status !== 206)
      throw new Error(`${this.#url}: the server answered ${response.status}; load the page again`);
    const bytes = new Uint8Array(await response.arrayBuffer());
    if (BigInt(bytes.length) !== size) throw new Error(`${this.#url}: the file became shorter; load the page again`);
    return bytes;
  };
}

/** A readable that refuses to read on once the signal is aborted. */
export const readUntil = (signal: AbortSignal, readable: Readable): Readable => ({
  size: () => readable.size(),
  read: async (offset, size) => {
    signal.throwIfAborted();
    return readable.read(offset, size);
  },
});
