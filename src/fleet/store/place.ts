import { createHash } from "node:crypto";
import { realpath, stat } from "node:fs/promises";
import { basename, dirname, join, resolve, sep } from "node:path";
import { filesOf } from "../../bag/open-bag.js";
import { InputError } from "../../errors.js";
import { unreadable } from "../../files/reading.js";
import { LocalStore } from "./local-store.js";
import type { Store } from "./store.js";

/** A place's name that does not depend on the working directory. @throws InputError for a URL */
export function placeOf(uri: string): string {
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(uri)) throw new InputError(`${uri}: expected a path`);
  return resolve(uri);
}

/** @throws InputError for a URL */
export function storeAt(uri: string): Store {
  return new LocalStore(placeOf(uri));
}

/**
 * Digest of a recording's size and time, 12 hex digits: another one where it has changed.
 * @throws InputError where it is not there
 */
export async function fingerprintOf(uri: string): Promise<string> {
  const facts = await localFacts(uri);
  return createHash("sha256").update(facts.join("\n")).digest("hex").slice(0, 12);
}

async function localFacts(path: string): Promise<string[]> {
  try {
    const info = await stat(path);
    const files = info.isDirectory() ? (await filesOf(path)).files : [path];
    if (files.length === 0) throw new InputError(`${path}: no .mcap or .db3 file in the folder`);
    const facts = files.map(async (file) => {
      const { size, mtimeNs } = await stat(file, { bigint: true });
      return `${basename(file)} ${size} ${mtimeNs}`;
    });
    return await Promise.all(facts);
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(`${path}: cannot read the recording (${unreadable(error)})`);
  }
}

/** The places that a worker was started to read and write. */
export class Roots {
  private constructor(private readonly roots: readonly string[] | undefined) {}

  /** All places: for jobs of one's own. */
  static readonly all = new Roots(undefined);

  /** @throws InputError for a folder that is not there */
  static async of(uris: readonly string[]): Promise<Roots> {
    const real = uris.map(async (uri) => {
      return realpath(uri).catch((error) => {
        throw new InputError(`--root ${uri}: cannot read the folder (${unreadable(error)})`);
      });
    });
    return new Roots(await Promise.all(real));
  }

  /** @throws InputError for a place that is in none of them, through links too */
  async check(uri: string): Promise<void> {
    if (!this.roots) return;
    const place = await realPlace(resolve(uri));
    const isInside = (root: string) => place === root || place.startsWith(root.endsWith(sep) ? root : `${root}${sep}`);
    if (this.roots.some(isInside)) return;
    throw new InputError(
      `${uri}: outside of ${this.roots.join(", ")}, all that this worker may read and write (--root)`,
    );
  }
}

/** A path without links, of which the end need not be there yet. */
async function realPlace(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT" || dirname(path) === path) throw new InputError(`${path}: ${unreadable(error)}`);
    return join(await realPlace(dirname(path)), basename(path));
  }
}
