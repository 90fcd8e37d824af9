import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { InputError } from "../errors.js";
import { findInside, foldersOf, type InnerFile } from "../files/inside.js";
import type { OutsideTensor } from "../graph/outside-data.js";

/**
 * Finds the files with a model's data, by their name in the model, and checks that the data lies in them.
 * @param path the model, whose folder the files are in
 * @throws InputError where a file is missing, outside of the folder, not a file, too short, or not of the checksum that
 * the model gives
 */
export async function findDataFiles(
  tensors: readonly OutsideTensor[],
  path: string,
): Promise<ReadonlyMap<string, InnerFile>> {
  const folders = await foldersOf(path);
  const files = new Map<string, InnerFile>();
  const missing = new Set<string>();
  for (const { location, called } of tensors) {
    if (files.has(location) || missing.has(location)) continue;
    const file = await findInside(location, folders, `${called}: its data is in`);
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
export async function readData({ path }: InnerFile, destinations: readonly Destination[]): Promise<void> {
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

function refuseMissing(missing: readonly string[], path: string): void {
  if (missing.length === 0) return;
  const more = missing.length > MOST_NAMED ? ` and ${missing.length - MOST_NAMED} more` : "";
  throw new InputError(
    `${path}: its data is in other files, and these are missing: ${missing.slice(0, MOST_NAMED).join(", ")}${more}; ` +
      "expected in the model's folder (or export it with all data inside, in PyTorch by external_data=False)",
  );
}

const MOST_NAMED = 5;

function refuseTooShort({ called, location, offset, length }: OutsideTensor, { size }: InnerFile): void {
  if (offset + length <= size) return;
  throw new InputError(
    `${called}: its data is bytes ${offset} to ${offset + length} of ${location}, which has ${size} bytes: ` +
      "truncated, or of another model",
  );
}

async function checkSums(tensors: readonly OutsideTensor[], files: ReadonlyMap<string, InnerFile>): Promise<void> {
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
