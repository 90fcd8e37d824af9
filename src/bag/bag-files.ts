import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { InputError } from "../errors.js";

/**
 * The MCAP files of a bag: the file itself, or those of a folder that `ros2 bag record` made, in the order of recording.
 * @throws InputError where there is neither file nor folder, or no MCAP file in it
 */
export async function bagFiles(path: string): Promise<string[]> {
  const info = await stat(path).catch((error: NodeJS.ErrnoException) => {
    throw new InputError(`${path}: cannot read the bag (${error.code === "ENOENT" ? "no such file" : error.code})`);
  });
  if (!info.isDirectory()) return [path];
  const names = (await readdir(path)).filter((name) => name.endsWith(".mcap"));
  if (names.length === 0) throw new InputError(`${path}: no .mcap file in this folder, expected a bag in MCAP format`);
  // bag_2 before bag_10.
  return names.sort(new Intl.Collator("en", { numeric: true }).compare).map((name) => join(path, name));
}
