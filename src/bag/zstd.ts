import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
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
 * Decompresses a file piece by piece, up to where it is damaged.
 * @returns the damage, undefined for a whole file
 * @throws InputError where nothing can be decompressed, or the result cannot be written
 */
export async function unpackFile(source: string, target: string): Promise<string | undefined> {
  const file = await open(target, "wx");
  let written = 0;
  const pieces: Uint8Array[] = [];
  const flush = async () => {
    for (const piece of pieces.splice(0)) {
      await file.writeFile(piece);
      written += piece.length;
    }
  };
  try {
    const unpacker = new Decompress((piece) => pieces.push(piece));
    for await (const bytes of createReadStream(source, { highWaterMark: 1 << 20 })) {
      unpacker.push(bytes as Uint8Array);
      await flush();
    }
    unpacker.push(new Uint8Array(), true);
    await flush();
    return undefined;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (typeof code === "string") throw unwritable(error as NodeJS.ErrnoException, source);
    await flush();
    const reason = `cannot be decompressed as zstd (${message})`;
    if (written === 0) throw new InputError(`${source}: ${reason}`);
    return `${source}: ${reason} behind its first ${written} bytes; the rest is lost`;
  } finally {
    await file.close();
  }
}

function unwritable(error: NodeJS.ErrnoException, source: string): Error {
  if (error.code !== "ENOSPC" && error.code !== "EDQUOT") return error;
  const where = `${tmpdir()} (another folder: TMPDIR)`;
  return new InputError(`${source}: no space left to decompress it in ${where}`);
}
