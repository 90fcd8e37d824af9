import { randomUUID } from "node:crypto";
import { chmod, open, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { InputError } from "../errors.js";

/**
 * Writes a file whole or not at all: the data go to a temporary file beside it, which is renamed at the end. Devices
 * and pipes are written to directly; a link stays a link.
 * @throws InputError if the file cannot be written; no partial file remains
 */
export async function writeAtomically(path: string, data: string | Uint8Array): Promise<void> {
  try {
    const { target, mode, regular } = await destination(path);
    if (!regular) await write(target, data, "w");
    else await replace(target, data, mode);
  } catch (error) {
    throw unwritable(path, error);
  }
}

/**
 * As `writeAtomically`, for data too large to hold in memory: `fill` writes to a temporary path, which is renamed once
 * `fill` resolves.
 * @returns the result of `fill`
 */
export async function writeThrough<T>(path: string, fill: (path: string) => Promise<T>): Promise<T> {
  const { target, mode, regular } = await destination(path).catch((error: unknown) => {
    throw unwritable(path, error);
  });
  if (!regular) return fill(target);
  const half = temporary(target);
  try {
    const result = await fill(half);
    if (mode !== undefined) await chmod(half, mode);
    await rename(half, target);
    return result;
  } catch (error) {
    await rm(half, { force: true });
    throw error;
  }
}

/** Checks an output before the work for it begins. @throws InputError as `writeAtomically` */
export async function assertWritable(path: string): Promise<void> {
  try {
    const { target, regular } = await destination(path);
    if (!regular) return;
    const probe = temporary(target);
    await write(probe, "", "wx");
    await rm(probe);
  } catch (error) {
    throw unwritable(path, error);
  }
}

async function replace(target: string, data: string | Uint8Array, mode: number | undefined): Promise<void> {
  const half = temporary(target);
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

/** Random, since the process id is the same at every run in a container. */
const temporary = (target: string): string => join(dirname(target), `.${basename(target)}.${randomUUID()}.tmp`);

async function write(path: string, data: string | Uint8Array, flag: "w" | "wx"): Promise<void> {
  const file = await open(path, flag);
  try {
    await file.writeFile(data);
    if (flag === "wx") await file.sync();
  } finally {
    await file.close();
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "no such directory",
  ENOTDIR: "part of the path is not a directory",
  EISDIR: "it is a directory",
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  ENOSPC: "no space left on the device",
};

function unwritable(path: string, error: unknown): InputError {
  const { code = "", message } = error as NodeJS.ErrnoException;
  return new InputError(`${path}: cannot write it (${REASONS[code] ?? message}), expected a writable file name`);
}
