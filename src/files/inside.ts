import { realpath, stat } from "node:fs/promises";
import { dirname, join, posix, relative, sep } from "node:path";
import { InputError } from "../errors.js";

/** A file that another one names, and that lies in its folder. */
export interface InnerFile {
  /** Absolute, without links. */
  readonly path: string;
  readonly size: number;
}

/**
 * Folders that what a file names may be in, without links: the one that its path names, and where the file is a link
 * the one that it leads to, as in Hugging Face's cache.
 */
export async function foldersOf(path: string): Promise<readonly string[]> {
  const named = await realpath(dirname(path));
  const real = dirname(await realpath(path).catch(() => path));
  return named === real ? [named] : [named, real];
}

/**
 * Finds a file by its name in another one; undefined where there is none.
 * @param called what names it and what it holds, in errors: `policy.onnx: initializer "w": its data is in`
 * @param whose folder that is, in errors
 * @throws InputError where it is outside of the folders, through links too, or not a file
 */
export async function findInside(
  location: string,
  folders: readonly string[],
  called: string,
  whose = "the model's",
): Promise<InnerFile | undefined> {
  const outside = new InputError(`${called} ${location}, outside of ${whose} folder; expected a file in it`);
  const normal = posix.normalize(location);
  if (posix.isAbsolute(normal) || normal === ".." || normal.startsWith("../")) throw outside;
  for (const folder of folders) {
    const path = await realpath(join(folder, normal)).catch(() => undefined);
    if (path === undefined) continue;
    if (!folders.some((allowed) => isInside(path, allowed))) throw outside;
    const info = await stat(path);
    // A pipe or a device would be waited for.
    if (!info.isFile()) throw new InputError(`${called} ${location}, which is no file`);
    return { path, size: info.size };
  }
  return undefined;
}

function isInside(file: string, folder: string): boolean {
  const way = relative(folder, file);
  return way !== ".." && !way.startsWith(`..${sep}`);
}
