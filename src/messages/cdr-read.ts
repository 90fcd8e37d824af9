import { MessageReader } from "@foxglove/rosmsg2-serialization";
import { messageType } from "./definitions.js";

const readers = new Map<string, MessageReader>();

/**
 * What reads CDR messages of a type: plain objects, fields named as in the definition, numbers in typed arrays, 64-bit
 * integers as bigint. Bytes are views of the message.
 * @throws Error naming a type that has no definition; the function, a RangeError where a message is cut off
 */
export function readerOf(type: string): (cdr: Uint8Array) => unknown {
  let reader = readers.get(type);
  if (!reader) {
    reader = new MessageReader([...messageType(type).definitions]);
    readers.set(type, reader);
  }
  const found = reader;
  return (cdr) => found.readMessage(cdr);
}
