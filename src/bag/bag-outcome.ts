import { type FileHandle, open, stat } from "node:fs/promises";
import { join } from "node:path";
import { McapIndexedReader } from "@mcap/core";
import * as z from "zod";
import { InputError } from "../errors.js";
import { readText } from "../files/reading.js";
import { OUTCOME_KEY, type Outcome, parseOutcome } from "../outcome/outcome.js";
import { parseYaml } from "../yaml/parse.js";
import { filesOf } from "./open-bag.js";

const SCHEMA = z.object({
  rosbag2_bagfile_information: z.object({ custom_data: z.record(z.string(), z.string()).nullable().optional() }),
});

/**
 * The outcome that a bag states for all its runs: the key `torquelens.outcome` under `custom_data` of a folder's
 * `metadata.yaml`, or `outcome` of a metadata record `torquelens.outcome` of an MCAP file. Undefined without one.
 * @throws InputError for one that is none
 */
export async function bagOutcome(path: string): Promise<Outcome | undefined> {
  const found = await stat(path).catch(() => undefined);
  // Opening the bag tells what is wrong with a path that is none.
  if (!found?.isDirectory()) return found?.isFile() ? inFile(path) : undefined;
  const source = join(path, "metadata.yaml");
  const metadata = await readText(source, "the metadata")
    .then((text) => parseYaml(text, source, SCHEMA))
    .catch((error: unknown) => {
      // Opening the bag tells of metadata that cannot be read.
      if (!(error instanceof InputError)) throw error;
    });
  const text = metadata?.rosbag2_bagfile_information.custom_data?.[OUTCOME_KEY];
  if (text !== undefined) return parseOutcome(text, `${source}: custom_data: ${OUTCOME_KEY}`);
  const [file, ...others] = (await filesOf(path)).files;
  return file === undefined || others.length > 0 ? undefined : inFile(file);
}

async function inFile(path: string): Promise<Outcome | undefined> {
  const handle = await open(path);
  try {
    const text = await recordOf(handle).catch(() => undefined);
    return text === undefined ? undefined : parseOutcome(text, `${path}: metadata ${OUTCOME_KEY}`);
  } finally {
    await handle.close();
  }
}

/** Text of an MCAP file's record; files without an index have none. */
async function recordOf(handle: FileHandle): Promise<string | undefined> {
  const readable = {
    size: async () => BigInt((await handle.stat()).size),
    read: async (offset: bigint, length: bigint) => {
      const bytes = new Uint8Array(Number(length));
      await handle.read(bytes, 0, bytes.length, Number(offset));
      return bytes;
    },
  };
  const reader = await McapIndexedReader.Initialize({ readable });
  for await (const { metadata } of reader.readMetadata({ name: OUTCOME_KEY })) return metadata.get("outcome");
  return undefined;
}
