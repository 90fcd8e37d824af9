import { type FileHandle, open, stat } from "node:fs/promises";
import { McapIndexedReader } from "@mcap/core";
import { filesOf } from "./open-bag.js";

/** A metadata record of an MCAP file, or of a folder's only one; undefined where it has none of that name, or no index. */
export async function bagRecord(path: string, name: string): Promise<ReadonlyMap<string, string> | undefined> {
  const isFolder = (await stat(path)).isDirectory();
  const [file, ...others] = isFolder ? (await filesOf(path)).files : [path];
  if (file === undefined || others.length > 0) return undefined;
  const handle = await open(file);
  try {
    return await recordOf(handle, name).catch(() => undefined);
  } finally {
    await handle.close();
  }
}

async function recordOf(handle: FileHandle, name: string): Promise<ReadonlyMap<string, string> | undefined> {
  const readable = {
    size: async () => BigInt((await handle.stat()).size),
    read: async (offset: bigint, length: bigint) => {
      const bytes = new Uint8Array(Number(length));
      await handle.read(bytes, 0, bytes.length, Number(offset));
      return bytes;
    },
  };
  const reader = await McapIndexedReader.Initialize({ readable });
  for await (const { metadata } of reader.readMetadata({ name })) return metadata;
  return undefined;
}
