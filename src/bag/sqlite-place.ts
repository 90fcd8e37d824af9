import { constants } from "node:fs";
import { chmod, copyFile, open, stat, symlink } from "node:fs/promises";
import { basename, join, resolve } from "node:path";

/** A database where SQLite may write beside it. */
interface Placed {
  readonly path: string;
  readonly isCopy: boolean;
  /** Bytes at its end that are missing, by its header. */
  readonly lacks: number;
}

/**
 * Puts the database where SQLite may write beside it. One that was cut off ends with its last whole page there: SQLite
 * takes what is missing of a page for zeros, but tells of a page that is missing.
 */
export async function placed(path: string, folder: string): Promise<Placed> {
  const target = join(folder, basename(path));
  const sidecars: string[] = [];
  for (const suffix of ["-wal", "-journal"]) if (await holdsSomething(path + suffix)) sidecars.push(suffix);
  const { size } = await stat(path);
  const { pageSize, full } = await lengthOf(path, size);
  const lacks = sidecars.length > 0 ? 0 : Math.max(0, full - size);
  if (sidecars.length === 0 && lacks === 0) {
    const linked = await symlink(resolve(path), target).then(
      () => true,
      () => false,
    );
    if (linked) return { path: target, isCopy: false, lacks };
  }
  for (const suffix of ["", ...sidecars]) {
    await copyFile(path + suffix, target + suffix, constants.COPYFILE_FICLONE);
    // The copy of a file that is only for reading is, too.
    await chmod(target + suffix, 0o600);
  }
  if (lacks > 0 && size >= pageSize) await endWithPage(target, pageSize, Math.floor(size / pageSize));
  return { path: target, isCopy: true, lacks };
}

/** Size of a page and of the whole database by its header, bytes; of whole pages where the header does not tell it. */
async function lengthOf(path: string, size: number): Promise<{ readonly pageSize: number; readonly full: number }> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(96), 0, 96, 0);
    const stored = buffer.readUInt16BE(16);
    const pageSize = stored === 1 ? 1 << 16 : stored;
    if (bytesRead < 96 || pageSize < 512) return { pageSize: 512, full: 0 };
    // The number of pages holds only where the last writer kept it.
    const isKept = buffer.readUInt32BE(24) === buffer.readUInt32BE(92) && buffer.readUInt32BE(28) > 0;
    return { pageSize, full: pageSize * (isKept ? buffer.readUInt32BE(28) : Math.ceil(size / pageSize)) };
  } finally {
    await file.close();
  }
}

/** Cuts a database to a number of pages. */
async function endWithPage(path: string, pageSize: number, pages: number): Promise<void> {
  const file = await open(path, "r+");
  try {
    const count = Buffer.alloc(4);
    count.writeUInt32BE(pages);
    await file.write(count, 0, 4, 28);
    await file.truncate(pages * pageSize);
  } finally {
    await file.close();
  }
}

const holdsSomething = (path: string): Promise<boolean> =>
  stat(path).then(
    ({ size }) => size > 0,
    () => false,
  );
