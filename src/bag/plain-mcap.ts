import { open, stat } from "node:fs/promises";
import { InputError } from "../errors.js";
import { ChannelEncoder } from "../messages/channel-encoder.js";
import type { Bag } from "./bag.js";
import { DamagedPart } from "./damage.js";
import { datasetIn } from "./dataset/path.js";
import { ExplainedBag } from "./explained-bag.js";
import { readAt } from "./file-window.js";
import { ownIndexOf } from "./mcap-index.js";
import { chunkOf, HEAD, isMessage, messageAt, recordsIn, unpackChunk } from "./mcap-records.js";
import { filesOf } from "./open-bag.js";
import { isPacked } from "./zstd.js";

/**
 * The file of a recording that other programs can read in parts as it is: one MCAP file whose index tells of every
 * message, and whose messages are not compressed one by one. Undefined for every other recording.
 * @param path of a recording that `openBag` opens
 */
export async function plainMcap(path: string): Promise<string | undefined> {
  if (await datasetIn(path)) return undefined;
  const files = (await stat(path)).isDirectory() ? (await filesOf(path)).files : [path];
  const [file] = files;
  if (file === undefined || files.length > 1 || !(await isPlain(file))) return undefined;
  return file;
}

async function isPlain(file: string): Promise<boolean> {
  const handle = await open(file);
  try {
    const index = await ownIndexOf(file, handle);
    if (!index) return false;
    const [first] = index.pieces;
    if (!first) return true;
    const bytes = await unpackChunk(chunkOf((await readAt(handle, first.offset, first.length)).subarray(HEAD)));
    const message = recordsIn(bytes).records.find(isMessage);
    return message === undefined || !isPacked(messageAt(bytes, message).data);
  } catch (error) {
    if (error instanceof InputError || error instanceof DamagedPart) return false;
    throw error;
  } finally {
    await handle.close();
  }
}

/**
 * Writes a recording's messages, unchanged, to one MCAP file with an index.
 * @param progress called with the log time of each message, nanoseconds
 * @param signal stops between two messages, and removes the file
 * @throws InputError where it cannot be written
 */
export async function writePlainMcap(
  bag: Bag,
  file: string,
  { progress, signal }: { readonly progress: (logTime: bigint) => void; readonly signal: AbortSignal },
): Promise<void> {
  const written = await ExplainedBag.create(file, { encoder: new ChannelEncoder() });
  try {
    for await (const record of bag.read()) {
      if (signal.aborted) return await written.discard();
      await written.copy(record);
      progress(record.logTime);
    }
  } catch (error) {
    await written.discard();
    throw error;
  }
  await written.close();
}
