import { open, stat } from "node:fs/promises";
import type { Bag } from "../bag.js";
import { DatasetBag } from "./dataset-bag.js";
import { isDataset } from "./info.js";
import { LeRobotStore } from "./lerobot-store.js";
import { datasetIn } from "./path.js";
import { RobomimicStore } from "./robomimic-store.js";
import type { EpisodeStore } from "./store.js";

type Kind = readonly [is: (path: string) => Promise<boolean>, open: (path: string) => Promise<EpisodeStore>];

/** Kinds of data sets. */
const KINDS: readonly Kind[] = [
  [isDataset, (folder) => LeRobotStore.open(folder)],
  [isHdf5, (file) => RobomimicStore.open(file)],
];

/** The data set of a path as a bag; undefined for a path of something else. @throws InputError as its store */
export async function openDataset(path: string): Promise<Bag | undefined> {
  for (const [is, open] of KINDS) {
    const found = await datasetIn(path, is);
    if (!found) continue;
    const store = await open(found.folder);
    try {
      return new DatasetBag(path, store, found.range);
    } catch (error) {
      await store.close();
      throw error;
    }
  }
  return undefined;
}

/** True for a file that begins as HDF5 does. */
async function isHdf5(path: string): Promise<boolean> {
  // A pipe would be waited for.
  const isFile = await stat(path).then(
    (info) => info.isFile(),
    () => false,
  );
  const handle = isFile ? await open(path, "r").catch(() => undefined) : undefined;
  if (!handle) return false;
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(8), 0, 8, 0);
    return bytesRead === 8 && buffer.toString("latin1") === "\x89HDF\r\n\x1a\n";
  } finally {
    await handle.close();
  }
}
