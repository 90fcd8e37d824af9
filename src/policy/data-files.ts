import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open, realpath, stat } from "node:fs/promises";
import { dirname, join, posix, relative, sep } from "node:path";
import { pipeline } from "node:stream/promises";
import { InputError } from "../errors.js";
import type { OutsideTensor } from "../graph/outside-data.js";

/** A file beside a model that holds data of its tensors. */
export interface DataFile {
  /** Absolute, without links. */
  readonly path: string;
  readonly size: number;
}

/**
 * Finds the files with a model's data, by their name in the model, and checks that the data lies in them.
 * @param path the model, whose folder the files are in
 * @throws InputError where a file is missing, outside of the folder, not a file, too short, or not of the checksum that
 * the model gives
 */
export async function findDataFiles(
  tensors: readonly OutsideTensor[],
  path: string,
): Promise<ReadonlyMap<string, DataFile>> {
  const folders = await foldersOf(path);
  const files = new Map<string, DataFile>();
  const missing = new Set<string>();
  for (const { location, called } of tensors) {
    if (files.has(location) || missing.has(location)) continue;
    const file = await placeOf(location, folders, called);
    if (file === undefined) missing.add(location);
    else files.set(location, file);
  }
  refuseMissing([...missing], path);
  for (const tensor of tensors) refuseTooShort(tensor, files.get(tensor.location)!);
  await checkSums(tensors, files);
  return files;
}

/** A tensor and the bytes to fill with its data. */
export interface Destination {
  readonly tensor: OutsideTensor;
  readonly into: Uint8Array;
}

/** Reads the data of tensors that lie in one file. Throws InputError where it cannot be read. */
export async function readData({ path }: DataFile, destinations: readonly Destination[]): Promise<void> {
  const handle = await open(path).catch((error: Error) => {
    throw new InputError(`${destinations[0]!.tensor.called}: cannot read its data (${error.message})`);
  });
  try {
    for (const { tensor, into } of destinations)
      for (let done = 0; done < into.byteLength; ) {
        const length = Math.min(into.byteLength - done, MOST_AT_ONCE);
        const { bytesRead } = await handle.read(into, done, length, tensor.offset + done);
        if (bytesRead === 0) throw new Error("the file ended");
        done += bytesRead;
      }
  } catch (error) {
    throw new InputError(`${path}: cannot read data of the policy (${(error as Error).message})`);
  } finally {
    await handle.close();
  }
}

const MOST_AT_ONCE = 2 ** 30;

/**
 * Folders that a model's data may be in, without links: the one that its path names, and where the model is a link the
 * one that it leads to, as in Hugging Face's cache.
 */
async function foldersOf(path: string): Promise<readonly string[]> {
  const named = await realpath(dirname(path));
  const real = dirname(await realpath(path).catch(() => path));
  return named === real ? [named] : [named, real];
}

/** Undefined where there is no such file. */
async function placeOf(location: string, folders: readonly string[], called: string): Promise<DataFile | undefined> {
  const outside = new InputError(
    `${called}: its data is in ${location}, outside of the model's folder; expected a file in it`,
  );
  const normal = posix.normalize(location);
  if (posix.isAbsolute(normal) || normal === ".." || normal.startsWith("../")) throw outside;
  for (const folder of folders) {
    const path = await realpath(join(folder, normal)).catch(() => undefined);
    if (path === undefined) continue;
    if (!folders.some((allowed) => isInside(path, allowed))) throw outside;
    const info = await stat(path);
    // A pipe or a device would be waited for.
    if (!info.isFile()) throw new InputError(`${called}: its data is in ${location}, which is no file`);
    return { path, size: info.size };
  }
  return undefined;
}

function isInside(file: string, folder: string): boolean {
  const way = relative(folder, file);
  return way !== ".." && !way.startsWith(`..${sep}`);
}

function refuseMissing(missing: readonly string[], path: string): void {
  if (missing.length === 0) return;
  const more = missing.length > MOST_NAMED ? ` and ${missing.length - MOST_NAMED} more` : "";
  throw new InputError(
    `${path}: its data is in other files, and these are missing: ${missing.slice(0, MOST_NAMED).join(", ")}${more}; ` +
      "expected in the model's folder (or export it with all data inside, in PyTorch by external_data=False)",
  );
}

const MOST_NAMED = 5;

function refuseTooShort({ called, location, offset, length }: OutsideTensor, { size }: DataFile): void {
  if (offset + length <= size) return;
  throw new InputError(
    `${called}: its data is bytes ${offset} to ${offset + length} of ${location}, which has ${size} bytes: ` +
      "truncated, or of another model",
  );
}

async function checkSums(tensors: readonly OutsideTensor[], files: ReadonlyMap<string, DataFile>): Promise<void> {
  const sums = new Map<string, string>();
  for (const { called, location, checksum } of tensors) {
    if (checksum === undefined) continue;
    const sum = sums.get(location) ?? (await sha1Of(files.get(location)!.path));
    sums.set(location, sum);
    if (checksum.toLowerCase() !== sum)
      throw new InputError(`${called}: checksum ${checksum} of ${location}, found SHA-1 ${sum}; it was changed`);
  }
}

async function sha1Of(path: string): Promise<string> {
  const hash = createHash("sha1");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}
