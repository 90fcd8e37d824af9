import { createHash } from "node:crypto";
import { realpath, stat } from "node:fs/promises";
import { basename, dirname, join, resolve, sep } from "node:path";
import { filesOf } from "../../bag/open-bag.js";
import { InputError } from "../../errors.js";
import { unreadable } from "../../files/reading.js";
import { LocalStore } from "./local-store.js";
import type { LocalCopy, Store } from "./store.js";

const S3 = /^s3:\/\//i;

/** True for what lies in an object store. */
export const isUrl = (uri: string): boolean => S3.test(uri);

/** An object store's URL, or undefined for a path. @throws InputError for a URL of another kind */
function bucketOf(uri: string): { readonly bucket: string; readonly key: string } | undefined {
  if (uri === "") throw new InputError("the path is empty, expected a path or an s3:// URL");
  if (!isUrl(uri)) {
    if (/^[a-z][a-z0-9+.-]+:\/\//i.test(uri)) throw new InputError(`${uri}: expected a path or an s3:// URL`);
    return undefined;
  }
  const [, bucket, key] = /^s3:\/\/([A-Za-z0-9][A-Za-z0-9._-]{1,62})(?:\/(.*))?$/i.exec(uri) ?? [];
  if (bucket === undefined) throw new InputError(`${uri}: expected s3://BUCKET or s3://BUCKET/PATH`);
  return { bucket, key: (key ?? "").replace(/\/+$/, "") };
}

/** A place's name that does not depend on the working directory. */
export function placeOf(uri: string): string {
  const found = bucketOf(uri);
  if (!found) return resolve(uri);
  return found.key === "" ? `s3://${found.bucket}` : `s3://${found.bucket}/${found.key}`;
}

/** A store by its path or URL. @throws InputError for a URL of another kind, or where the client of object stores is not installed */
export async function storeAt(uri: string): Promise<Store> {
  const found = bucketOf(uri);
  if (!found) return new LocalStore(resolve(uri));
  return (await import("./s3-store.js")).S3Store.create(found.bucket, found.key);
}

/**
 * Digest of a recording's size and time, 12 hex digits: another one where it has changed.
 * @throws InputError where it is not there
 */
export async function fingerprintOf(uri: string): Promise<string> {
  const found = bucketOf(uri);
  const facts = found ? await (await import("./s3-store.js")).factsOf(found) : await localFacts(uri);
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

/** Brings a recording onto this machine. @throws InputError where it cannot be read */
export async function localCopy(uri: string): Promise<LocalCopy> {
  const found = bucketOf(uri);
  if (!found) return { path: uri, done: async () => {} };
  return (await import("./s3-store.js")).fetched(found);
}

/** The places that a worker was started to read and write. */
export class Roots {
  private constructor(private readonly roots: readonly string[] | undefined) {}

  /** All places: for jobs of one's own. */
  static readonly all = new Roots(undefined);

  /** @throws InputError for a folder that is not there */
  static async of(uris: readonly string[]): Promise<Roots> {
    const real = uris.map(async (uri) => {
      if (bucketOf(uri)) return placeOf(uri);
      try {
        const path = await realpath(uri);
        if ((await stat(path)).isDirectory()) return path;
      } catch (error) {
        throw new InputError(`--root ${uri}: cannot read the folder (${unreadable(error)})`);
      }
      throw new InputError(`--root ${uri}: a file, expected a folder`);
    });
    return new Roots(await Promise.all(real));
  }

  /** @throws InputError for a place that is in none of them, through links too */
  async check(uri: string): Promise<void> {
    if (!this.roots) return;
    const found = bucketOf(uri);
    // An object store has no folders: `..` in a key is a name like others, but not to every server.
    const place = found ? placeOf(uri) : await realPlace(resolve(uri));
    const between = found ? "/" : sep;
    const isInside = (root: string) =>
      place === root || place.startsWith(root.endsWith(between) ? root : `${root}${between}`);
    if (!place.split(between).includes("..") && this.roots.some(isInside)) return;
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
