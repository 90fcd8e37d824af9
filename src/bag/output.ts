import { mkdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { stringify } from "yaml";
import { InputError } from "../errors.js";
import { writeThrough } from "../files/atomic.js";
import { isOpen } from "../files/temporary.js";
import { unwritable, writing } from "../files/unwritable.js";
import { own } from "../own.js";
import type { Contents } from "./explained-bag.js";
import { openMcap } from "./mcap-bag.js";
import { writeDatabase } from "./sqlite-writer.js";
import type { Provenance } from "./unfinished.js";

/** Where a bag is written: a file, or a rosbag2 folder. */
export interface Output {
  /** The MCAP file to write. */
  readonly file: string;
  /** Unfinished outputs of earlier runs that have ended. */
  readonly unfinished: readonly Leftover[];
  /** Gives the output its form and its name, once the file is closed. */
  finish(contents: Contents): Promise<void>;
  /** Removes the folder, after the file has been removed. */
  discard(): Promise<void>;
}

export interface Leftover {
  /** An MCAP file that was not closed. */
  readonly file: string;
  remove(): Promise<void>;
}

/** What a name asks for. */
type Form = "mcap" | "db3" | "folder";

const EXPECTED = "expected a name ending in .mcap or .db3, or one without an ending for a folder";
/** Other endings that a name may be meant with. */
const HINTS: Readonly<Record<string, string>> = {
  bag: "ROS 1 bags are not written",
  zip: "archives are not written",
};

/**
 * `NAME.mcap` and `NAME.db3` are files, `NAME` or `NAME/` a folder.
 * @throws InputError where the name has an ending that is none of these
 */
export function formOf(path: string): Form {
  const [, ending] = /\.([a-z]\w{0,11})$/i.exec(path) ?? [];
  if (ending === undefined) return "folder";
  if (ending === "mcap" || ending === "db3") return ending;
  const hint = own(HINTS, ending.toLowerCase());
  throw new InputError(`${path}: ${hint ?? `bags do not end in .${ending}`}, ${EXPECTED} (or ${path}/)`);
}

/**
 * `NAME.mcap` is a file; `NAME` a folder with `NAME_0.mcap` and `metadata.yaml`; `NAME.db3` a database that is made of
 * the MCAP file in the end. Until `finish` a folder or a database is a folder `NAME.part`, or `NAME.part2` and so on if
 * that exists.
 * @throws InputError where the name is none of these, the folder's name is taken, or the folder cannot be made
 */
export async function outputAt(path: string): Promise<Output> {
  const form = formOf(path);
  const unfinished = await leftovers(path);
  if (form === "mcap") return { file: path, unfinished, finish: async () => {}, discard: async () => {} };
  await refuseTaken(path, form);
  const part = await makeFolder(path);
  const file = join(part, fileIn(path));
  const finish = form === "db3" ? finishDatabase : finishFolder;
  return {
    file,
    unfinished,
    finish: (contents) => writing(path, () => finish(path, part, contents)),
    discard: () => rm(part, { recursive: true }),
  };
}

async function refuseTaken(path: string, form: Form): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (!found || (form === "db3" && found.isFile())) return;
  throw new InputError(`${path}: already exists, expected the name of a new folder or a name ending in .mcap or .db3`);
}

async function finishFolder(path: string, part: string, contents: Contents): Promise<void> {
  const metadata = { rosbag2_bagfile_information: informationOf(fileIn(path), "mcap", contents) };
  await writeFile(join(part, METADATA), stringify(metadata));
  await rename(part, path);
}

async function finishDatabase(path: string, part: string, contents: Contents): Promise<void> {
  const bag = await openMcap(join(part, fileIn(path)));
  const information = informationOf(basename(path), "sqlite3", contents);
  const { version, ros_distro: distro } = information;
  const metadata = { version, distro, yaml: stringify(information) };
  try {
    await writeThrough(path, (file) => writeDatabase(file, bag, metadata));
  } finally {
    await bag.close();
  }
  await rm(part, { recursive: true });
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

/** What rosbag2 calls the bag's information, of version 8, which every ROS 2 release since Iron reads. */
function informationOf(file: string, storage: "mcap" | "sqlite3", { written, start, end, records }: Contents) {
  const count = written.reduce((sum, { count }) => sum + count, 0);
  const span = { starting_time: { nanoseconds_since_epoch: start }, duration: { nanoseconds: end - start } };
  return {
    version: 8,
    storage_identifier: storage,
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
    // An MCAP file has the records itself.
    custom_data: storage === "mcap" ? null : textsOf(records),
    ros_distro: "unknown",
  };
}

const textsOf = (records: Provenance): Record<string, string> =>
  Object.fromEntries(Object.entries(records).map(([name, record]) => [name, JSON.stringify(record)]));
