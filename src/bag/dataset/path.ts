import { isDataset } from "./info.js";

/** A LeRobot data set that a path names. */
interface DatasetPath {
  readonly folder: string;
  /** First and last episode; undefined for all. */
  readonly range?: readonly [first: number, last: number];
}

/** The data set of `FOLDER`, `FOLDER@3` or `FOLDER@0-9`; undefined for a path of something else. */
export async function datasetIn(path: string): Promise<DatasetPath | undefined> {
  if (await isDataset(path)) return { folder: path };
  const [, folder = "", first = "", last = first] = /^(.+)@(\d+)(?:-(\d+))?$/.exec(path) ?? [];
  if (folder === "" || !(await isDataset(folder))) return undefined;
  return { folder, range: [Number(first), Number(last)] };
}
