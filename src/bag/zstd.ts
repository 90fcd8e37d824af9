import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import zstd from "@foxglove/wasm-zstd";
import { Decompress } from "fzstd";
import { InputError } from "../errors.js";
import { bytesText, LIMITS } from "../limits.js";
import { tooLarge } from "./too-large.js";
import { mostUnpacked, zstdFrame } from "./zstd-frame.js";

const MAGIC = 0xfd2fb528;

/** To be awaited once before `unpacked`. */
export const zstdLoaded: Promise<unknown> = zstd.isLoaded;

/**
 * Decompresses the payload of a message where its recorder compressed it: CDR never starts with zstd's magic number.
 * Throws an Error where it is damaged or unpacks to more than `limit` bytes, before memory is taken for more.
 */
export function unpacked(data: Uint8Array, limit: number = LIMITS.unpacked): Uint8Array {
  if (!isPacked(data)) return data;
  const most = mostUnpacked(data);
  const problem = tooLarge("message", data.length, most, limit);
  if (problem !== undefined) throw new Error(problem);
  const { buffer, byteOffset, byteLength } = zstd.decompress(data, most);
  const result = new Uint8Array(buffer, byteOffset, byteLength);
  // Small ones lie in memory that others share.
  return byteLength < buffer.byteLength ? result.slice() : result;
}

export function isPacked(data: Uint8Array): boolean {
  return data.length >= 4 && new DataView(data.buffer, data.byteOffset, 4).getUint32(0, true) === MAGIC;
}

/**
 * Decompresses a file piece by piece, up to where it is damaged.
 * @param least bytes that a file of any size may unpack to
 * @returns the damage, undefined for a whole file
 * @throws InputError where nothing can be decompressed, it unpacks to far more than its size, or the result cannot be
 *   written
 */
export async function unpackFile(
  source: string,
  target: string,
  least: number = LIMITS.unpacked,
): Promise<string | undefined> {
  const { size, declared } = await headOf(source);
  const limit = Math.max(least, MOST_TIMES * size);
  const refuseAbove = (bytes: number): void => {
    if (bytes <= limit) return;
    const allowed = limit > least ? `${MOST_TIMES} times its size` : "for a file of this size";
    throw new InputError(
      `${source}: unpacks to ${bytesText(bytes)} or more; the limit is ${bytesText(limit)}, ${allowed} (unpack it first: unzstd)`,
    );
  };
  refuseAbove(declared);
  const file = await open(target, "wx");
  let written = 0;
  const pieces: Uint8Array[] = [];
  const flush = async () => {
    for (const piece of pieces.splice(0)) {
      await file.writeFile(piece);
      written += piece.length;
    }
  };
  let made = 0;
  try {
    const unpacker = new Decompress((piece) => {
      made += piece.length;
      refuseAbove(made);
      pieces.push(piece);
    });
    for await (const bytes of createReadStream(source, { highWaterMark: 1 << 20 })) {
      unpacker.push(bytes as Uint8Array);
      await flush();
    }
    unpacker.push(new Uint8Array(), true);
    await flush();
    return undefined;
  } catch (error) {
    if (error instanceof InputError) throw error;
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

/** How many times its own size a file may unpack to, where that is more than what any file may. */
const MOST_TIMES = 100;
/** Largest window that zstd itself takes without being asked to, bytes. */
const LARGEST_WINDOW = 2 ** 27;

/** Size of a file, and what its first frame says that it unpacks to; 0 where it does not say. */
async function headOf(source: string): Promise<{ readonly size: number; readonly declared: number }> {
  const file = await open(source);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(18), 0, 18, 0);
    const frame = zstdFrame(buffer.subarray(0, bytesRead), 0);
    if (frame !== undefined && frame.window > LARGEST_WINDOW)
      throw new InputError(
        `${source}: packed with a window of ${bytesText(frame.window)}; the limit is ${bytesText(LARGEST_WINDOW)} (unpack it first: unzstd --long=31)`,
      );
    return { size: (await file.stat()).size, declared: frame?.content ?? 0 };
  } finally {
    await file.close();
  }
}

function unwritable(error: NodeJS.ErrnoException, source: string): Error {
  if (error.code !== "ENOSPC" && error.code !== "EDQUOT") return error;
  const where = `${tmpdir()} (another folder: TMPDIR)`;
  return new InputError(`${source}: no space left to decompress it in ${where}`);
}
