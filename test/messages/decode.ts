import { parse } from "@foxglove/rosmsg";
import { MessageReader } from "@foxglove/rosmsg2-serialization";

/** Reads CDR bytes by the schema text that came with them, with a library that this package does not use to write. */
export function decode<T>(schema: string | Uint8Array, data: ArrayBufferView): T {
  const text = typeof schema === "string" ? schema : new TextDecoder().decode(schema);
  const reader = new MessageReader<T>(parse(text, { ros2: true }));
  const message = reader.readMessage(data);
  if (reader.lastReadHadTrailingBytes()) throw new Error("bytes left over after the message");
  return message;
}
