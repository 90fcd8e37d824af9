import { parse } from "@foxglove/rosmsg";
import { MessageReader } from "@foxglove/rosmsg2-serialization";
import { InputError } from "../errors.js";
import { type Definition, messageType } from "../messages/definitions.js";
import type { Topic } from "./bag.js";

/**
 * Reads a topic's messages by the definition in the bag, else by the common one of its type.
 * @throws InputError where they cannot be read at all; what is returned throws it for a message that does not fit
 */
export function decoderOf(topic: Topic): (data: Uint8Array) => unknown {
  const { name, encoding } = topic;
  if (encoding !== "cdr") throw new InputError(`${name}: found messages in ${encoding || "no encoding"}, expected cdr`);
  const reader = new MessageReader(definitionsOf(topic) as Definition[]);
  return (data) => {
    try {
      return reader.readMessage(data);
    } catch (error) {
      throw new InputError(`a message that does not fit its definition (${(error as Error).message})`);
    }
  };
}

function definitionsOf({ name, type, schema }: Topic): readonly Definition[] {
  try {
    return schema?.encoding === "ros2msg"
      ? parse(new TextDecoder().decode(schema.data), { ros2: true })
      : messageType(type).definitions;
  } catch (error) {
    throw new InputError(`${name}: the definition of ${type} cannot be used (${(error as Error).message})`);
  }
}
