import { chmod, open, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { removeLeftovers, temporary } from "./temporary.js";
import { unwritable, writing } from "./unwritable.js";

/**
 * Writes a file whole or not at all: the data go to a temporary file beside it, which is renamed at the end. Devices
 * and pipes are written to directly; a link stays a link.
 * @throws InputError if the file cannot be written; no partial file remains
 */
export function writeAtomically(path: string, data: string | Uint8Array): Promise<void> {
  return writing(path, async () => {
    const { target, mode, regular } = await destination(path);
    if (!regular) await write(target, data, "w");
    else await replace(target, data, mode);
  });
}

/**
 * As `writeAtomically`, for data too large to hold in memory: `fill` writes to a temporary path, which is renamed once
 * `fill` resolves.
 * @returns the result of `fill`
 */
export async function writeThrough<T>(path: string, fill: (path: string) => Promise<T>): Promise<T> {
  const { target, mode, regular } = await writing(path, () => destination(path));
  if (!regular) return writing(path, () => fill(target));
  const half = await temporaryFor(target);
  try {
    const result = await fill(half);
    if (mode !== undefined) await chmod(half, mode);
    await rename(half, target);
    return result;
  } catch (error) {
    await rm(half, { force: true });
    throw unwritable(path, error);
  }
}

/** Checks an output before the work for it begins. @throws InputError as `writeAtomically` */
export function assertWritable(path: string): Promise<void> {
  return writing(path, async () => {
    const { target, regular } = await destination(path);
    if (!regular) return;
    const probe = await temporaryFor(target);
    await write(probe, "", "wx");
    await rm(probe);
  });
}

async function replace(target: string, data: string | Uint8Array, mode: number | undefined): Promise<void> {
  const half = await temporaryFor(target);
  try {
    await write(half, data, "wx");
    if (mode !== undefined) await chmod(half, mode);
    await rename(half, target);
  } catch (error) {
    await rm(half, { force: true });
    throw error;
  }
}

async function destination(path: string): Promise<{ target: string; mode?: number; regular: boolean }> {
  const info = await stat(path).catch(absent);
  if (info === undefined) return { target: path, regular: true };
  if (info.isDirectory()) throw Object.assign(new Error(), { code: "EISDIR" });
  return { target: await realpath(path), mode: info.mode & 0o777, regular: info.isFile() };
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
}

const tidied = new Set<string>();

/** A temporary name for a file; before the first one, those of killed runs are removed. */
async function temporaryFor(target: string): Promise<string> {
  if (!tidied.has(target)) await removeLeftovers(dirname(target), basename(target));
  tidied.add(target);
  return temporary(target);
}

async function write(path: string, data: string | Uint8Array, flag: "w" | "wx"): Promise<void> {
  const file = await open(path, flag);
  try {
    await file.writeFile(data);
    if (flag === "wx") await file.sync();
  } finally {
    await file.close();
  }
}
