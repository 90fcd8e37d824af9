import { isDataset } from "./info.js";

/** A data set that a path names. */
interface DatasetPath {
  /** LeRobot's folder, or a file. */
  readonly folder: string;
  /** First and last episode; undefined for all. */
  readonly range?: readonly [first: number, last: number];
}

/** The data set of `PATH`, `PATH@3` or `PATH@0-9`; undefined for a path of something else. */
export async function datasetIn(
  path: string,
  is: (path: string) => Promise<boolean> = isDataset,
): Promise<DatasetPath | undefined> {
  if (await is(path)) return { folder: path };
  const [, folder = "", first = "", last = first] = /^(.+)@(\d+)(?:-(\d+))?$/.exec(path) ?? [];
  if (folder === "" || !(await is(folder))) return undefined;
  return { folder, range: [Number(first), Number(last)] };
}
