import { constants } from "node:fs";
import { type FileHandle, lstat, open } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { InputError } from "../errors.js";
import { own } from "../own.js";

/** Time after which nothing comes from a pipe any more, milliseconds. */
const PATIENCE = 10_000;
/** Time between looks at a pipe, milliseconds. */
const PAUSE = 10;
/** Bytes of a pipe at most: what one ONNX file can hold. */
const MOST = 2 ** 31;
const BLOCK = 1 << 16;

/** Reasons by the system's codes; the code itself for others. */
const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "no such file",
  ENOTDIR: "part of the path is not a folder",
  EISDIR: "it is a folder",
  EACCES: "permission denied",
  EPERM: "permission denied",
  ELOOP: "its links lead in a circle",
  ENAMETOOLONG: "the name is too long",
  ENXIO: "it is a socket or a device",
  EMFILE: "too many files are open",
  EIO: "the disk fails",
  ERR_INVALID_ARG_VALUE: "its name is not one of a file",
  ERR_FS_FILE_TOO_LARGE: "larger than the 2 GiB that one ONNX file can hold",
};

/** Why the system refuses to read a file, in words. */
export function unreadable(error: unknown): string {
  const { code = "", message } = error as NodeJS.ErrnoException;
  return own(REASONS, code) ?? (code || message);
}

/**
 * Reads a file whole. A pipe is read to its end; one to which nothing is written is not waited for, and a device has no
 * end.
 * @param what the file is, in the error
 * @throws InputError that names the file, where it cannot be read
 */
export async function readWhole(path: string, what: string): Promise<Buffer> {
  let file: FileHandle | undefined;
  try {
    // Opening a pipe would wait for its writer.
    file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
    const info = await file.stat();
    if (info.isFile()) return await file.readFile();
    if (info.isFIFO()) return await readPipe(file);
    throw new Error(info.isDirectory() ? REASONS.EISDIR : "it is a device");
  } catch (error) {
    throw new InputError(`${path}: cannot read ${what} (${unreadable(error)})`);
  } finally {
    await file?.close();
  }
}

/** As `readWhole`; undefined where there is no such file. */
export async function readIfThere(path: string, what: string): Promise<Buffer | undefined> {
  const code = await lstat(path).catch(({ code }: NodeJS.ErrnoException) => code);
  return code === "ENOENT" ? undefined : readWhole(path, what);
}

/** As `readWhole`, a text in UTF-8. @throws InputError also for a file with a zero byte, which no text has */
export async function readText(path: string, what: string): Promise<string> {
  const bytes = await readWhole(path, what);
  if (bytes.includes(0)) throw new InputError(`${path}: cannot read ${what} (not a text file in UTF-8)`);
  return bytes.toString();
}

async function readPipe(file: FileHandle): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for (let last = performance.now(); size <= MOST; ) {
    const bytes = await readSome(file);
    if (bytes?.length === 0 && size > 0) return Buffer.concat(parts);
    if (bytes && bytes.length > 0) {
      parts.push(bytes);
      size += bytes.length;
      last = performance.now();
    } else if (performance.now() - last > PATIENCE) throw new Error(`a pipe to which nothing is written`);
    else await sleep(PAUSE);
  }
  throw new Error("a pipe of more than 2 GiB");
}

/** Bytes of a pipe; undefined where its writer has not written yet, none where it has no writer. */
async function readSome(file: FileHandle): Promise<Buffer | undefined> {
  try {
    const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(BLOCK), 0, BLOCK);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return undefined;
    throw error;
  }
}
