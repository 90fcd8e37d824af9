import { mkdtemp, open, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import * as z from "zod";
import { InputError } from "../errors.js";
import { readWhole, unreadable } from "../files/reading.js";
import { parseYaml } from "../yaml/parse.js";
import type { Bag } from "./bag.js";
import { openDataset } from "./dataset/open-dataset.js";
import { byTime, inTurn, JoinedBag, type Joining } from "./joined-bag.js";
import { openMcap } from "./mcap-bag.js";
import type { MessageFolders } from "./message-folders.js";
import { openSqlite } from "./sqlite-bag.js";
import { unpackFile } from "./zstd.js";

const BAGS = ".mcap, .db3 or a rosbag2 folder";

type Opener = (path: string) => Promise<Bag>;

/** Kinds of files by their first bytes. */
const KINDS: readonly (readonly [begins: string, open: Opener])[] = [
  ["\x89MCAP", openMcap],
  ["SQLite format 3\0", openSqlite],
  ["\x28\xb5\x2f\xfd", openPacked],
  ["#ROSBAG V", refused("a ROS 1 bag", "convert it first, for example with `rosbags-convert --src IN.bag --dst OUT`")],
  ["version https://", refused("a pointer of Git LFS", "fetch the file it stands for: git lfs pull")],
  ["\x1f\x8b", refused("compressed by gzip", "unpack it first: gunzip")],
  ["BZh", refused("compressed by bzip2", "unpack it first: bunzip2")],
  ["\xfd7zXZ", refused("compressed by xz", "unpack it first: unxz")],
  ["PK\x03\x04", refused("a zip archive", "unpack it first: unzip")],
];

/**
 * Opens a recording: an MCAP file, a `.db3`, either compressed by zstd, a rosbag2 folder as one bag, a LeRobot data set, or
 * robomimic's HDF5, of the latter two also some episodes: `DATASET@3`, `DATASET@0-9`.
 * @param folders definitions for topics that have none
 * @throws InputError naming a file that is not a bag, and its kind where that is known
 */
export async function openBag(path: string, folders?: MessageFolders): Promise<Bag> {
  try {
    const dataset = await openDataset(path);
    if (dataset) return dataset;
    const bag = (await stat(path)).isDirectory() ? await openFolder(path) : await openFile(path);
    return folders ? folders.define(bag) : bag;
  } catch (error) {
    if (error instanceof InputError || typeof (error as NodeJS.ErrnoException).code !== "string") throw error;
    throw new InputError(`${path}: cannot read the bag (${unreadable(error)})`);
  }
}

/** Opens recordings that were made in parallel as one bag. @throws InputError as `openBag` */
export function openBags(paths: readonly string[], folders?: MessageFolders): Promise<Bag> {
  const opener = (path: string) => openBag(path, folders);
  return paths.length === 1
    ? opener(paths[0]!)
    : openAll(paths, opener, (bags) => new JoinedBag(paths.join(", "), bags, byTime));
}

async function openAll(
  paths: readonly string[],
  opener: (path: string) => Promise<Bag | undefined>,
  join: (bags: Bag[]) => Bag,
): Promise<Bag> {
  const bags: Bag[] = [];
  try {
    for (const path of paths) {
      const bag = await opener(path);
      if (bag) bags.push(bag);
    }
    return join(bags);
  } catch (error) {
    await Promise.all(bags.map((bag) => bag.close()));
    throw error;
  }
}

async function openFile(path: string): Promise<Bag> {
  // A pipe would be waited for, and a bag is read from its end too.
  if (!(await stat(path)).isFile()) throw new InputError(`${path}: not a file, expected a bag (${BAGS})`);
  const found = await beginning(path);
  const kind = KINDS.find(([begins]) => found.startsWith(begins));
  if (kind) return kind[1](path);
  const what = found === "" ? "an empty file" : "neither MCAP nor SQLite";
  throw new InputError(`${path}: ${what}, expected a bag (${BAGS})`);
}

async function beginning(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(16), 0, 16, 0);
    return buffer.toString("latin1", 0, bytesRead);
  } finally {
    await file.close();
  }
}

function refused(what: string, hint: string): Opener {
  return async (path) => {
    throw new InputError(`${path}: ${what}, expected MCAP or SQLite (${hint})`);
  };
}

/** Decompresses a file to the system's folder for temporary files, and opens that. */
async function openPacked(path: string): Promise<Bag> {
  const folder = await mkdtemp(join(tmpdir(), "torquelens-bag-"));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    const file = join(folder, basename(path).replace(/\.zst(d)?$/, ""));
    const damage = await unpackFile(path, file);
    const bag = await openFile(file).catch((error: unknown) => {
      if (!(error instanceof InputError)) throw error;
      throw new InputError(error.message.replace(file, path));
    });
    return new UnpackedBag(path, bag, damage, remove);
  } catch (error) {
    await remove();
    throw error;
  }
}

class UnpackedBag extends JoinedBag {
  override readonly isPacked = true;
  readonly #unpacked: string;

  constructor(
    path: string,
    bag: Bag,
    private readonly damage: string | undefined,
    private readonly remove: () => Promise<void>,
  ) {
    super(path, [bag], inTurn);
    this.#unpacked = bag.path;
  }

  override get problems(): readonly string[] {
    const found = super.problems.map((line) => line.replace(this.#unpacked, this.path));
    return this.damage === undefined ? found : [this.damage, ...found];
  }

  override async close(): Promise<void> {
    await super.close();
    await this.remove();
  }
}

const METADATA = "metadata.yaml";
const METADATA_SCHEMA = z.object(
  {
    rosbag2_bagfile_information: z.object(
      { relative_file_paths: z.array(z.string("a file name"), "a list of files") },
      "a mapping",
    ),
  },
  "a mapping",
);

async function openFolder(path: string): Promise<Bag> {
  const { files, problem } = await filesOf(path);
  if (files.length === 0) {
    if ((await readdir(path)).some((name) => name.includes(".tfrecord")))
      throw new InputError(`${path}: RLDS (TensorFlow's records), expected a bag; convert it to a LeRobot data set`);
    throw new InputError(`${path}: a folder without .mcap or .db3 files, expected a bag`);
  }
  const left: InputError[] = [];
  const opener = (file: string) => openFile(file).catch((error: unknown) => leave(error, left));
  return openAll(files, opener, (bags) => {
    if (bags.length === 0) throw left[0]!;
    const leftOut = left.map(({ message }) => `left out ${message}`);
    return new FolderBag(path, bags, inTurn, problem === undefined ? leftOut : [problem, ...leftOut]);
  });
}

/** Leaves out a file of a split bag that is no bag. */
function leave(error: unknown, left: InputError[]): undefined {
  if (!(error instanceof InputError)) throw error;
  left.push(error);
}

/** The files of a folder that can be read. */
class FolderBag extends JoinedBag {
  constructor(
    path: string,
    bags: readonly Bag[],
    joining: Joining,
    private readonly found: readonly string[],
  ) {
    super(path, bags, joining);
  }

  override get problems(): readonly string[] {
    return [...this.found, ...super.problems];
  }
}

/** Names that a file may have after somebody compressed or decompressed it. */
const formsOf = (name: string): string[] => [name, `${name}.zstd`, `${name}.zst`, name.replace(/\.zstd?$/, "")];

/** Files of a folder, and what is wrong with its metadata. */
interface FolderFiles {
  readonly files: readonly string[];
  readonly problem?: string;
}

/** The files of a rosbag2 folder in the order of its metadata, else of their numbers. */
export async function filesOf(path: string): Promise<FolderFiles> {
  const names = await readdir(path);
  const source = join(path, METADATA);
  const order = new Intl.Collator("en", { numeric: true });
  const bags = names.filter((name) => /\.(mcap|db3)(\.zstd?)?$/.test(name)).sort(order.compare);
  const pathsOf = (files: readonly string[]) => files.map((name) => join(path, name));
  const listed = names.includes(METADATA) ? await listedIn(source) : [];
  if (listed instanceof InputError) return { files: pathsOf(bags), problem: `${listed.message}; taken as missing` };
  if (listed.length === 0) return { files: pathsOf(bags) };
  const there = listed.flatMap((name) => formsOf(name).find((form) => names.includes(form)) ?? []);
  const known = new Set(listed.flatMap(formsOf));
  const unlisted = bags.filter((name) => !formsOf(name).some((form) => known.has(form)));
  const missing = listed.find((name) => !formsOf(name).some((form) => names.includes(form)));
  // Metadata that were cut off may end within a name.
  if (missing !== undefined && missing === listed.at(-1) && unlisted.some((name) => name.startsWith(missing)))
    return { files: pathsOf(bags), problem: `${source}: ends within a name, ${missing}; taken as missing` };
  if (missing !== undefined) throw new InputError(`${source}: names ${missing}, which is not in the folder`);
  if (unlisted.length === 0) return { files: pathsOf(there) };
  return { files: pathsOf(there), problem: `left out ${pathsOf(unlisted).join(", ")}: not in the list of ${source}` };
}

/** Names of the files that metadata list; none where a recorder that lost power left them empty, or with zeros only. */
async function listedIn(source: string): Promise<string[] | InputError> {
  try {
    const text = (await readWhole(source, "the metadata")).toString();
    if (!/[^\s\0]/.test(text)) return [];
    const { rosbag2_bagfile_information: found } = parseYaml(text, source, METADATA_SCHEMA);
    return found.relative_file_paths.map((name) => basename(name));
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
}
