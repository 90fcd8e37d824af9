import { type McapIndexedReader, McapWriter } from "@mcap/core";

/** Collects what a writer writes. */
class Parts {
  readonly parts: Uint8Array<ArrayBuffer>[] = [];
  #length = 0n;

  position = (): bigint => this.#length;

  write = async (bytes: Uint8Array): Promise<void> => {
    this.parts.push(bytes.slice());
    this.#length += BigInt(bytes.length);
  };
}

/** The messages from `from` to `to` (log time, nanoseconds) of a recording as a recording of its own; latched ones are kept. */
export async function clipOf(reader: McapIndexedReader, from: bigint, to: bigint): Promise<Blob> {
  const file = new Parts();
  const writer = new McapWriter({ writable: file, chunkSize: 1024 * 1024 });
  await writer.start({ profile: reader.header.profile, library: "torquelens" });
  const schemas = new Map<number, number>();
  const channels = new Map<number, number>();
  const channelOf = async (id: number): Promise<number> => {
    const known = channels.get(id);
    if (known !== undefined) return known;
    const channel = reader.channelsById.get(id)!;
    const schema = reader.schemasById.get(channel.schemaId);
    if (schema && !schemas.has(schema.id)) schemas.set(schema.id, await writer.registerSchema(schema));
    const made = await writer.registerChannel({ ...channel, schemaId: schemas.get(channel.schemaId) ?? 0 });
    channels.set(id, made);
    return made;
  };
  const latched = [...reader.channelsById.values()].filter(({ topic }) => /robot_description$|tf_static$/.test(topic));
  const topics = latched.map(({ topic }) => topic);
  if (topics.length > 0)
    for await (const message of reader.readMessages({ topics, endTime: from - 1n }))
      await writer.addMessage({ ...message, channelId: await channelOf(message.channelId), logTime: from });
  for await (const message of reader.readMessages({ startTime: from, endTime: to }))
    await writer.addMessage({ ...message, channelId: await channelOf(message.channelId) });
  for await (const metadata of reader.readMetadata()) await writer.addMetadata(metadata);
  await writer.end();
  return new Blob(file.parts, { type: "application/octet-stream" });
}
