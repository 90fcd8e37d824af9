import { mkdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { stringify } from "yaml";
import { InputError } from "../errors.js";
import { isOpen } from "../files/temporary.js";
import { unwritable, writing } from "../files/unwritable.js";
import type { Contents } from "./explained-bag.js";

/** Where a bag is written: a file, or a rosbag2 folder. */
export interface Output {
  /** The MCAP file to write. */
  readonly file: string;
  /** Unfinished outputs of earlier runs that have ended. */
  readonly unfinished: readonly Leftover[];
  /** Gives a folder its metadata and its name, once the file is closed. */
  finish(contents: Contents): Promise<void>;
  /** Removes the folder, after the file has been removed. */
  discard(): Promise<void>;
}

export interface Leftover {
  /** An MCAP file that was not closed. */
  readonly file: string;
  remove(): Promise<void>;
}

/**
 * `NAME.mcap` is a file; every other name is a folder with `NAME_0.mcap` and `metadata.yaml`. Until `finish` the folder
 * is called `NAME.part`, or `NAME.part2` and so on if that exists.
 * @throws InputError where the folder's name is taken, or the folder cannot be made
 */
export async function outputAt(path: string): Promise<Output> {
  const unfinished = await leftovers(path);
  if (path.endsWith(".mcap")) return { file: path, unfinished, finish: async () => {}, discard: async () => {} };
  const taken = await stat(path).then(
    () => true,
    () => false,
  );
  if (taken)
    throw new InputError(`${path}: already exists, expected the name of a new folder or a name ending in .mcap`);
  const part = await makeFolder(path);
  const name = fileIn(path);
  return {
    file: join(part, name),
    unfinished,
    finish: async (contents) => {
      await writing(path, async () => {
        await writeFile(join(part, METADATA), metadataYaml(name, contents));
        await rename(part, path);
      });
    },
    discard: () => rm(part, { recursive: true }),
  };
}

const METADATA = "metadata.yaml";
const fileIn = (folder: string): string => `${basename(folder)}_0.mcap`;
const partOf = (path: string, count: number): string => `${path.replace(/\/+$/, "")}.part${count === 1 ? "" : count}`;

async function leftovers(path: string): Promise<Leftover[]> {
  const found: Leftover[] = [];
  for (let count = 1; ; count++) {
    const part = partOf(path, count);
    const info = await stat(part).catch(() => undefined);
    if (!info) return found;
    const file = info.isDirectory() ? await fileOf(join(part, fileIn(path))) : part;
    // A file that is open belongs to a run that goes on.
    if (!(await isOpen(file))) found.push({ file, remove: () => rm(part, { recursive: true, force: true }) });
  }
}

/** The file of an unfinished folder: unfinished too, or complete where only the folder's metadata failed. */
async function fileOf(complete: string): Promise<string> {
  const part = partOf(complete, 1);
  const isPart = await stat(part).then(
    () => true,
    () => false,
  );
  return isPart ? part : complete;
}

async function makeFolder(path: string): Promise<string> {
  for (let count = 1; ; count++) {
    const part = partOf(path, count);
    try {
      await mkdir(part);
      return part;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EEXIST") continue;
      throw unwritable(path, error);
    }
  }
}

/** `metadata.yaml` of version 8, which every ROS 2 release since Iron reads. */
function metadataYaml(file: string, { written, start, end }: Contents): string {
  const count = written.reduce((sum, { count }) => sum + count, 0);
  const span = { starting_time: { nanoseconds_since_epoch: start }, duration: { nanoseconds: end - start } };
  return stringify({
    rosbag2_bagfile_information: {
      version: 8,
      storage_identifier: "mcap",
      ...span,
      message_count: count,
      topics_with_message_count: written.map(({ topic, count }) => ({
        topic_metadata: {
          name: topic.name,
          type: topic.type,
          serialization_format: topic.encoding,
          offered_qos_profiles: topic.metadata.get("offered_qos_profiles") ?? "",
          type_description_hash: topic.metadata.get("topic_type_hash") ?? "",
        },
        message_count: count,
      })),
      compression_format: "",
      compression_mode: "",
      relative_file_paths: [file],
      files: [{ path: file, ...span, message_count: count }],
      custom_data: null,
      ros_distro: "unknown",
    },
  });
}
