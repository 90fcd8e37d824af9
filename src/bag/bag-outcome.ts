import { stat } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { InputError } from "../errors.js";
import { readText } from "../files/reading.js";
import { OUTCOME_KEY, type Outcome, parseOutcome } from "../outcome/outcome.js";
import { parseYaml } from "../yaml/parse.js";
import { bagRecord } from "./bag-record.js";

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
  return inFile(path);
}

async function inFile(path: string): Promise<Outcome | undefined> {
  const text = (await bagRecord(path, OUTCOME_KEY))?.get("outcome");
  return text === undefined ? undefined : parseOutcome(text, `${path}: metadata ${OUTCOME_KEY}`);
}
