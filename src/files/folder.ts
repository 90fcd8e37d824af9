import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Makes a folder, and those around it where they are missing. (Node's own recursive `mkdir` does not end in a file system
 * that takes no folders, such as /proc.)
 * @throws the system's error, EEXIST where a file is in the way
 */
export async function makeFolder(path: string): Promise<void> {
  if ((await tryFolder(path)) === "no parent") {
    await makeFolder(dirname(path));
    await mkdir(path).catch(ignoreFolder(path));
  }
}

async function tryFolder(path: string): Promise<"made" | "no parent"> {
  try {
    await mkdir(path).catch(ignoreFolder(path));
    return "made";
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT" && dirname(path) !== path) return "no parent";
    throw error;
  }
}

/** Throws an error again, unless it says that the folder is there. */
const ignoreFolder = (path: string) => async (error: NodeJS.ErrnoException) => {
  if (error.code !== "EEXIST" || !(await stat(path)).isDirectory()) throw error;
};
