import { stat } from "node:fs/promises";
import { join } from "node:path";
import * as z from "zod";
import { InputError } from "../../errors.js";
import { infoSchema } from "../../policy/lerobot/config.js";
import { readJson } from "../../policy/lerobot/json-file.js";

const schema = infoSchema.extend({
  codebase_version: z.string("a version such as v3.0"),
  data_path: z.string("the pattern of the data's files"),
  video_path: z.string().nullish(),
  chunks_size: z.int().positive().default(1000),
});

/** `meta/info.json` of a LeRobot data set. */
export type DatasetInfo = z.output<typeof schema>;

const PLACE = join("meta", "info.json");

/** True for the folder of a LeRobot data set. */
export const isDataset = (path: string): Promise<boolean> =>
  stat(join(path, PLACE)).then(
    (info) => info.isFile(),
    () => false,
  );

/** Reads a data set's description. @throws InputError for one that is none, or of a version that is not read */
export async function readInfo(path: string): Promise<DatasetInfo> {
  const file = join(path, PLACE);
  const info = await readJson(file, "the description of a LeRobot data set", schema);
  if (!info) throw new InputError(`${file}: no such file`);
  if (!/^v?(2\.[01]|3\.\d+)/.test(info.codebase_version))
    throw new InputError(`${file}: codebase_version ${info.codebase_version} is not read; read are v2.0, v2.1 and v3`);
  return info;
}

/** Fills a pattern such as `data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet`. */
export const filled = (pattern: string, values: Readonly<Record<string, string | number>>): string =>
  pattern.replace(/\{(\w+)(?::0(\d)d)?\}/g, (whole, name: string, digits: string | undefined) => {
    const entry = Object.entries(values).find(([key]) => key === name);
    return entry ? String(entry[1]).padStart(Number(digits ?? 0), "0") : whole;
  });
