import { existsSync } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { InputError } from "../errors.js";

/** Paths of a command; undefined where an option is not given. */
type Paths = readonly (string | undefined)[];

/**
 * Refuses an output that is one of a command's inputs, a file inside one, or another output: through links, too.
 * @throws InputError that names the two paths
 */
export async function refuseOverwriting(inputs: Paths, outputs: Paths): Promise<void> {
  const taken = new Map<string, string>();
  for (const input of given(inputs)) for (const file of await filesOf(input)) taken.set(await identityOf(file), input);
  for (const output of given(outputs)) {
    const identity = await identityOf(output);
    const other = taken.get(identity);
    if (other !== undefined) {
      const what = inputs.includes(other) ? "an input of this command" : "another output of this command";
      const same = other === output ? "" : ` (${other})`;
      throw new InputError(`${output}: it is ${what}${same}, expected a file of its own`);
    }
    taken.set(identity, output);
  }
}

const given = (paths: Paths) => paths.filter((path) => path !== undefined);

/** A path, and where it is a folder the files in it; nothing where there is no file, as of a method's name. */
async function filesOf(path: string): Promise<string[]> {
  if (!existsSync(path)) return [];
  const names = await readdir(path).catch(() => []);
  return [path, ...names.map((name) => join(path, name))];
}

/** The same for two paths of one file: its device and number, or where there is none yet its place. */
async function identityOf(path: string): Promise<string> {
  const info = await stat(path).catch(() => undefined);
  // Devices and pipes can be read and written at once.
  if (info && !info.isFile() && !info.isDirectory()) return `${Math.random()}`;
  if (info) return `${info.dev}:${info.ino}`;
  const folder = await realpath(dirname(resolve(path))).catch(() => dirname(resolve(path)));
  return join(folder, basename(path));
}
