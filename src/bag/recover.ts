import zstd from "@foxglove/wasm-zstd";
import { McapWriter } from "@mcap/core";
import { scanMcap } from "./mcap-scan.js";
import { PartFile } from "./part-file.js";

/**
 * Writes the complete messages of `source`, a recording that was cut off (`….mcap.part`) or is damaged, to a closed and
 * indexed MCAP file. Does not change the source.
 * @returns the number of messages saved
 * @throws InputError where the source is not an MCAP file or the output cannot be written.
 */
export async function recoverRecording(source: string, output: string): Promise<number> {
  await zstd.isLoaded;
  const records = scanMcap(source);
  const first = await records.next();
  const file = await PartFile.create(output);
  const writer = new McapWriter({
    writable: file,
    compressChunk: (data) => ({ compression: "zstd", compressedData: zstd.compress(data, 1) }),
  });
  const schemas = new Map<number, number>();
  const channels = new Map<number, number>();
  let messages = 0;
  try {
    const header = first.value?.type === "Header" ? first.value : { profile: "ros2", library: "torquelens" };
    await writer.start({ profile: header.profile, library: header.library });
    for await (const record of records) {
      if (record.type === "Schema" && !schemas.has(record.id)) {
        schemas.set(record.id, await writer.registerSchema(record));
      } else if (record.type === "Channel" && !channels.has(record.id)) {
        const schemaId = schemas.get(record.schemaId) ?? 0;
        channels.set(record.id, await writer.registerChannel({ ...record, schemaId }));
      } else if (record.type === "Metadata") {
        await writer.addMetadata(record);
      } else if (record.type === "Attachment") {
        await writer.addAttachment(record);
      } else if (record.type === "Message") {
        const channelId = channels.get(record.channelId);
        if (channelId === undefined) continue;
        await writer.addMessage({ ...record, channelId });
        messages++;
      }
    }
    await writer.end();
  } catch (error) {
    await file.abandon();
    throw error;
  }
  await file.finish();
  return messages;
}
