import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { Decompress, decompress } from "fzstd";
import { InputError } from "../errors.js";

const MAGIC = 0xfd2fb528;

/** Decompresses the payload of a message where its recorder compressed it: CDR never starts with zstd's magic number. */
export function unpacked(data: Uint8Array): Uint8Array {
  return isPacked(data) ? decompress(data) : data;
}

export function isPacked(data: Uint8Array): boolean {
  return data.length >= 4 && new DataView(data.buffer, data.byteOffset, 4).getUint32(0, true) === MAGIC;
}

/**
 * Decompresses a file piece by piece.
 * @throws InputError where it is not a complete zstd file
 */
export async function unpackFile(source: string, target: string): Promise<void> {
  const file = await open(target, "wx");
  try {
    const pieces: Uint8Array[] = [];
    const unpacker = new Decompress((piece) => pieces.push(piece));
    const flush = async () => {
      for (const piece of pieces.splice(0)) await file.writeFile(piece);
    };
    for await (const bytes of createReadStream(source, { highWaterMark: 1 << 20 })) {
      unpacker.push(bytes as Uint8Array);
      await flush();
    }
    unpacker.push(new Uint8Array(), true);
    await flush();
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (typeof code === "string") throw error;
    throw new InputError(`${source}: cannot be decompressed as zstd (${message})`);
  } finally {
    await file.close();
  }
}
