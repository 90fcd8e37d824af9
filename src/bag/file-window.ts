import { type FileHandle, open } from "node:fs/promises";

/** Bytes that are read at once at least. */
const BLOCK = 1 << 20;

/** A file that is read from the start to the end, with looks back and ahead. Memory: one block, or one record. */
export class FileWindow {
  #start = 0;
  #bytes: Uint8Array = new Uint8Array();

  private constructor(
    private readonly handle: FileHandle,
    readonly size: number,
  ) {}

  static async open(path: string): Promise<FileWindow> {
    const handle = await open(path);
    try {
      return new FileWindow(handle, (await handle.stat()).size);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** Some bytes, fewer where the file ends. They stay as they are when others are read. */
  async at(offset: number, length: number): Promise<Uint8Array> {
    const wanted = Math.max(0, Math.min(length, this.size - offset));
    const from = offset - this.#start;
    if (from < 0 || from + wanted > this.#bytes.length) {
      this.#bytes = await readAt(this.handle, offset, Math.min(Math.max(wanted, BLOCK), this.size - offset));
      this.#start = offset;
      return this.#bytes.subarray(0, wanted);
    }
    return this.#bytes.subarray(from, from + wanted);
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}

/** Reads some bytes; fewer where the file ends. */
export async function readAt(handle: FileHandle, offset: number, length: number): Promise<Uint8Array> {
  const bytes = Buffer.allocUnsafeSlow(Math.max(0, length));
  let done = 0;
  while (done < bytes.length) {
    const { bytesRead } = await handle.read(bytes, done, bytes.length - done, offset + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return done < bytes.length ? bytes.subarray(0, done) : bytes;
}
