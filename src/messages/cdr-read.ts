import { MessageReader } from "@foxglove/rosmsg2-serialization";
import { messageType } from "./definitions.js";

const readers = new Map<string, MessageReader>();

/**
 * A function that reads CDR messages of a type to plain objects: fields named as in the definition, arrays of numbers as
 * typed arrays, 64-bit integers as bigint. Byte arrays are views of the message. It throws a RangeError for a message that
 * is cut off.
 * @throws Error naming a type that has no definition
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
