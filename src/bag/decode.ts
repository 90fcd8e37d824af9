import { parse } from "@foxglove/rosmsg";
import { MessageReader } from "@foxglove/rosmsg2-serialization";
import { InputError } from "../errors.js";
import { type Definition, messageType } from "../messages/definitions.js";
import type { Topic } from "./bag.js";

/**
 * What decodes a topic's messages: by the definition that the bag holds, else by the common one of that name.
 * `path` names the bag in messages.
 * @throws InputError where they are not CDR, or of a type that nobody defines; the function, where a message does not fit
 */
export function decoderOf(topic: Topic, path: string): (data: Uint8Array) => unknown {
  const where = `${path}: ${topic.name}`;
  if (topic.encoding !== "cdr") throw new InputError(`${where}: found messages as ${topic.encoding}, expected cdr`);
  const reader = new MessageReader([...definitionsOf(topic, where)]);
  return (data) => {
    try {
      return reader.readMessage(data);
    } catch (error) {
      throw new InputError(`${where}: a message does not fit ${topic.type} (${(error as Error).message})`);
    }
  };
}

function definitionsOf({ type, schema }: Topic, where: string): readonly Definition[] {
  try {
    if (schema?.encoding === "ros2msg") return parse(new TextDecoder().decode(schema.data), { ros2: true });
    return messageType(type).definitions;
  } catch (error) {
    throw new InputError(`${where}: no definition of ${type} (${(error as Error).message})`);
  }
}
