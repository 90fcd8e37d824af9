import { access, open, readdir, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { InputError } from "../../errors.js";
import { writeThrough } from "../../files/atomic.js";
import { makeFolder } from "../../files/folder.js";
import { unreadable } from "../../files/reading.js";
import { writing } from "../../files/unwritable.js";
import type { Store } from "./store.js";

/** A folder of a file system, which several machines may share. */
export class LocalStore implements Store {
  constructor(readonly uri: string) {}

  async *list(prefix: string): AsyncGenerator<string> {
    const folder = join(this.uri, prefix);
    const entries = await readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return [];
      throw new InputError(`${folder}: cannot read the folder (${unreadable(error)})`);
    });
    for (const entry of entries) {
      if (entry.isDirectory()) yield* this.list(`${prefix}${entry.name}/`);
      else yield `${prefix}${entry.name}`;
    }
  }

  async has(name: string): Promise<boolean> {
    const path = join(this.uri, name);
    return access(path).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return false;
        throw new InputError(`${path}: cannot read it (${unreadable(error)})`);
      },
    );
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    const path = join(this.uri, name);
    return readFile(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw new InputError(`${path}: cannot read it (${unreadable(error)})`);
    });
  }

  async write(name: string, fill: (path: string) => Promise<void>): Promise<void> {
    const path = join(this.uri, name);
    await writing(path, () => makeFolder(dirname(path)));
    await writeThrough(path, async (half) => {
      await writing(path, () => fill(half));
      await writing(path, () => synced(half));
    });
  }

  async remove(name: string): Promise<void> {
    const path = join(this.uri, name);
    await writing(path, () => rm(path, { force: true }));
  }
}

/** Waits until a file is on the disk: a name must not be there before its bytes. */
async function synced(path: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
