import { mkdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { stringify } from "yaml";
import { InputError } from "../errors.js";
import type { Contents } from "./explained-bag.js";

/** Where a bag is written to: a file, or a folder as rosbag2 makes it. */
export interface Output {
  /** The MCAP file to write. */
  readonly file: string;
  /** Gives a folder its metadata and its name, once the file is closed. */
  finish(contents: Contents): Promise<void>;
  /** Removes what is left, once the file has been removed. */
  discard(): Promise<void>;
}

/**
 * `NAME.mcap` is a file, every other name a folder with `NAME_0.mcap` and `metadata.yaml`. Until `finish` the folder is
 * called `NAME.part`, or `NAME.part2` and so on where there is one.
 * @throws InputError where there is something of the folder's name, or it cannot be made
 */
export async function outputAt(path: string): Promise<Output> {
  if (path.endsWith(".mcap")) return { file: path, finish: async () => {}, discard: async () => {} };
  const taken = await stat(path).then(
    () => true,
    () => false,
  );
  if (taken) throw new InputError(`${path}: there is something of that name, expected a new folder or a name in .mcap`);
  const part = await makeFolder(path);
  const name = `${basename(path)}_0.mcap`;
  return {
    file: join(part, name),
    finish: async (contents) => {
      await writeFile(join(part, "metadata.yaml"), metadataYaml(name, contents));
      await rename(part, path);
    },
    discard: () => rm(part, { recursive: true }),
  };
}

async function makeFolder(path: string): Promise<string> {
  for (let count = 1; ; count++) {
    const part = `${path.replace(/\/+$/, "")}.part${count === 1 ? "" : count}`;
    try {
      await mkdir(part);
      return part;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "EEXIST") continue;
      const why = code === "ENOENT" ? "no such directory" : code;
      throw new InputError(`${path}: cannot make the folder (${why}), expected a writable folder`);
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
