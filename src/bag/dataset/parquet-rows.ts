import { open } from "node:fs/promises";
import { type AsyncBuffer, parquetReadObjects } from "hyparquet";
import { InputError } from "../../errors.js";
import { findInside, foldersOf } from "../../files/inside.js";
import { unreadable } from "../../files/reading.js";

/** A row of a Parquet file. */
export type Row = Readonly<Record<string, unknown>>;

/** Columns and rows to read; default all. */
interface Part {
  readonly columns?: string[];
  readonly rowStart?: number;
  readonly rowEnd?: number;
}

/**
 * Reads rows of a Parquet file of a data set; bytes stay bytes.
 * @param root file in the data set's folder, which the Parquet file must be in
 * @throws InputError for a file that is missing, outside of the folder, or no Parquet
 */
export async function parquetRows(root: string, name: string, part: Part = {}): Promise<Row[]> {
  const found = await findInside(name, await foldersOf(root), `${root}: its data is in`, "the data set's");
  if (!found) throw new InputError(`${root}: ${name} is missing, expected in the data set's folder`);
  const handle = await open(found.path).catch((error: unknown) => {
    throw new InputError(`${found.path}: cannot read the data (${unreadable(error)})`);
  });
  try {
    const file: AsyncBuffer = {
      byteLength: found.size,
      slice: async (start, end = found.size) => {
        const from = start < 0 ? found.size + start : start;
        const bytes = Buffer.alloc(Math.max(0, end - from));
        await handle.read(bytes, 0, bytes.length, from);
        return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer;
      },
    };
    return await parquetReadObjects({ file, utf8: false, ...part });
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(`${found.path}: cannot be read as Parquet (${(error as Error).message.split("\n")[0]})`);
  } finally {
    await handle.close();
  }
}
