import { parse } from "@foxglove/rosmsg";
import { MessageReader } from "@foxglove/rosmsg2-serialization";
import { InputError } from "../errors.js";
import { readerOf } from "../messages/cdr-read.js";
import type { Topic } from "./bag.js";
import { definitionMisfit } from "./definition-misfit.js";

/**
 * Decodes a topic's messages by the definition that the bag holds, else by the common one of the type.
 * @param path name of the bag in errors
 * @throws InputError where they are not CDR, their type has no definition, or the bag's definition lacks what the common
 * one has; the function, where a message does not fit
 */
export function decoderOf(topic: Topic, path: string): (data: Uint8Array) => unknown {
  const where = `${path}: ${topic.name}`;
  if (topic.encoding !== "cdr") throw new InputError(`${where}: found messages as ${topic.encoding}, expected cdr`);
  const read = readerFor(topic, where);
  return (data) => {
    try {
      return read(data);
    } catch (error) {
      throw new InputError(`${where}: a message does not fit ${topic.type} (${(error as Error).message})`);
    }
  };
}

function readerFor({ type, schema }: Topic, where: string): (data: Uint8Array) => unknown {
  try {
    if (schema?.encoding !== "ros2msg") return readerOf(type);
    const definitions = parse(new TextDecoder().decode(schema.data), { ros2: true });
    const misfit = definitionMisfit(type, definitions);
    if (misfit !== undefined) throw new InputError(`${where}: its definition of ${type} ${misfit}`);
    const reader = new MessageReader(definitions);
    return (data) => reader.readMessage(data);
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(`${where}: no definition of ${type} (${(error as Error).message})`);
  }
}
