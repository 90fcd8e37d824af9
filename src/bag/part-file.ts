import { type FileHandle, open, realpath, rename, stat, unlink } from "node:fs/promises";
import type { IWritable } from "@mcap/core";
import { InputError } from "../errors.js";
import { unwritable } from "../files/unwritable.js";

const SUFFIX = ".part";

/**
 * A file that gets its final name only when it is complete. Until then it is called `NAME.part`, or `NAME.part2` and so
 * on where a killed run left one, which is never overwritten. A file with the final name is replaced.
 */
export class PartFile implements IWritable {
  readonly path: string;
  /** Name of the file until `finish`. */
  readonly partPath: string;
  readonly #handle: FileHandle;
  #position = 0n;

  private constructor(path: string, partPath: string, handle: FileHandle) {
    this.path = path;
    this.partPath = partPath;
    this.#handle = handle;
  }

  /**
   * Follows a link: the file that it points to is replaced.
   * @throws InputError where the file cannot be written, or is a folder or a device.
   */
  static async create(path: string): Promise<PartFile> {
    try {
      const target = await destination(path);
      for (let count = 1; ; count++) {
        const partPath = `${target}${SUFFIX}${count === 1 ? "" : count}`;
        const handle = await open(partPath, "wx").catch(unlessTaken);
        if (handle) return new PartFile(target, partPath, handle);
      }
    } catch (error) {
      throw unwritable(path, error);
    }
  }

  position(): bigint {
    return this.#position;
  }

  /** Writes all bytes to the operating system, where they survive this process. */
  async write(bytes: Uint8Array): Promise<void> {
    try {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await this.#handle.write(bytes, done);
        done += bytesWritten;
      }
    } catch (error) {
      throw unwritable(this.partPath, error);
    }
    this.#position += BigInt(bytes.length);
  }

  /** Syncs the file to disk and gives it its name. */
  async finish(): Promise<void> {
    try {
      await this.#handle.sync();
      await this.#handle.close();
      await rename(this.partPath, this.path);
    } catch (error) {
      throw unwritable(this.path, error);
    }
  }

  /** Closes the file and leaves it under its unfinished name. */
  async abandon(): Promise<void> {
    await this.#handle.close();
  }

  /** Closes the file and removes it. */
  async discard(): Promise<void> {
    await this.#handle.close();
    await unlink(this.partPath);
  }
}

async function destination(path: string): Promise<string> {
  const info = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT") throw error;
  });
  if (!info) return path;
  if (!info.isFile()) throw new InputError(`${path}: not a regular file, expected a writable file name`);
  return realpath(path);
}

function unlessTaken(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "EEXIST") throw error;
}
