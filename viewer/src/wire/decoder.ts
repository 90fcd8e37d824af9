import { parse } from "@foxglove/rosmsg";
import { MessageReader, MessageWriter } from "@foxglove/rosmsg2-serialization";

export type Decode = (bytes: ArrayBufferView) => unknown;

/** A reader of CDR messages by their schema in the encoding `ros2msg`. Throws Error for a schema that is not one. */
export function decoderOf(schema: string): Decode {
  const reader = new MessageReader(parse(schema, { ros2: true }));
  return (bytes) => reader.readMessage(bytes);
}

/** A writer of CDR messages. */
export function encoderOf(schema: string): (message: unknown) => Uint8Array {
  const writer = new MessageWriter(parse(schema, { ros2: true }));
  return (message) => writer.writeMessage(message);
}
