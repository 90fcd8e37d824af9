import { createReadStream } from "node:fs";
import { McapStreamReader, type McapTypes } from "@mcap/core";
import { InputError } from "../errors.js";
import { decompressHandlers } from "./decompress.js";

/** A record of an MCAP file, from inside chunks too; without indexes. */
export type WholeRecord = Extract<
  McapTypes.TypedMcapRecord,
  { type: "Header" | "Schema" | "Channel" | "Message" | "Metadata" | "Attachment" | "DataEnd" }
>;

const WANTED: ReadonlySet<string> = new Set<WholeRecord["type"]>([
  "Header",
  "Schema",
  "Channel",
  "Message",
  "Metadata",
  "Attachment",
  "DataEnd",
]);

/**
 * Reads an MCAP file from the start, without its index, and so also one that a killed run left: yields complete records
 * in the order of the file and stops at the first damaged one. Only a closed file yields `DataEnd`. Memory: one chunk.
 * @throws InputError where the file cannot be read or is not an MCAP file.
 */
export async function* readWholeRecords(path: string): AsyncGenerator<WholeRecord> {
  const reader = new McapStreamReader({ decompressHandlers: await decompressHandlers() });
  let any = false;
  try {
    for await (const bytes of createReadStream(path, { highWaterMark: 1 << 20 })) {
      reader.append(bytes as Uint8Array);
      for (let record = next(reader, any, path); record; record = next(reader, any, path)) {
        any = true;
        if (record === "damaged") return;
        if (WANTED.has(record.type)) yield record as WholeRecord;
        if (record.type === "DataEnd") return;
      }
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    throw new InputError(`${path}: cannot read the bag (${code === "ENOENT" ? "no such file" : code})`);
  }
  if (!any) throw new InputError(`${path}: not an MCAP file`);
}

/** The next record; `undefined` where more bytes are needed; `damaged` after at least one good record. */
function next(reader: McapStreamReader, any: boolean, path: string): McapTypes.TypedMcapRecord | "damaged" | undefined {
  try {
    return reader.nextRecord();
  } catch {
    if (any) return "damaged";
    throw new InputError(`${path}: not an MCAP file`);
  }
}
