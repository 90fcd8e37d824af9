import { keyOf } from "../bag/bag.js";
import { decoderOf } from "../bag/decode.js";
import type { MessageFolders } from "../bag/message-folders.js";
import { openBag } from "../bag/open-bag.js";
import { InputError } from "../errors.js";
import type { ExplanationMessage } from "../messages/types.js";

const EXPLANATION = "torquelens/msg/Explanation";

export interface ReadOptions {
  /** Topic of the explanations; needed only where a bag has several. */
  readonly topic?: string;
  /** Topics whose messages' times are wanted. */
  readonly messages?: readonly string[];
  /** Definitions for bags that hold none. */
  readonly folders?: MessageFolders | undefined;
  /** Called with what is wrong with the bag, a line each, once it was read. */
  readonly problem?: (text: string) => void;
}

/** An explanation, or that there was a message on a topic asked for. */
export interface Found {
  readonly topic: string;
  /** When it was recorded, nanoseconds. */
  readonly logTime: bigint;
  /** When the bag's first message was recorded, nanoseconds. */
  readonly bagStart: bigint;
  readonly explanation?: ExplanationMessage;
}

/**
 * Reads the explanations of a recording in its order. Memory: a chunk or two of the file.
 * @throws InputError where it cannot be read, holds no explanations, or has them on several topics and none was chosen
 */
export async function* readExplanations(path: string, options: ReadOptions): AsyncGenerator<Found> {
  const { topic: chosen, messages = [], folders, problem } = options;
  const bag = await openBag(path, folders);
  try {
    const candidates = bag.topics.filter(({ type, messages: count }) => type === EXPLANATION && count > 0);
    const explained = candidates.filter(({ name }) => chosen === undefined || name === chosen);
    const names = [...new Set(candidates.map(({ name }) => name))].join(", ");
    if (explained.length === 0) throw noExplanation(path, chosen, names);
    if (explained.length > 1) {
      throw new InputError(`${path}: found explanations on the topics ${names}, expected one: choose with --topic`);
    }
    const topic = explained[0]!;
    const decode = decoderOf(topic, path);
    const { start: bagStart } = bag;
    for await (const record of bag.read({ topics: new Set([topic.name, ...messages]) })) {
      const { logTime, data } = record;
      if (keyOf(record.topic) !== keyOf(topic)) yield { topic: record.topic.name, logTime, bagStart };
      else yield { topic: topic.name, logTime, bagStart, explanation: decode(data) as ExplanationMessage };
    }
    for (const text of bag.problems) problem?.(text);
  } finally {
    await bag.close();
  }
}

function noExplanation(path: string, topic: string | undefined, names: string): InputError {
  if (topic !== undefined && names !== "") {
    return new InputError(`${path}: no topic ${topic} with explanations; it has them on ${names}`);
  }
  return new InputError(`${path}: no ${EXPLANATION} in it; torquelens replay explains recordings`);
}
