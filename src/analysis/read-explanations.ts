import { keyOf } from "../bag/bag.js";
import { decoderOf } from "../bag/decode.js";
import type { MessageFolders } from "../bag/message-folders.js";
import { openBag } from "../bag/open-bag.js";
import { InputError } from "../errors.js";
import type { ExplanationMessage } from "../messages/types.js";

const EXPLANATION = "torquelens/msg/Explanation";

export interface ReadOptions {
  /** Topic of the explanations; needed only if a bag has several. */
  readonly topic?: string;
  /** Other topics whose log times are read. */
  readonly messages?: readonly string[];
  /** Message definitions for bags without them. */
  readonly folders?: MessageFolders | undefined;
  /** Called with each problem of the bag after reading it. */
  readonly problem?: (text: string) => void;
}

/** An explanation, or a message on one of the other topics. */
export interface Found {
  readonly topic: string;
  /** Log time, nanoseconds. */
  readonly logTime: bigint;
  /** Log time of the bag's first message, nanoseconds. */
  readonly bagStart: bigint;
  readonly explanation?: ExplanationMessage;
}

/**
 * Reads the explanations of a recording in recorded order. Memory: a chunk or two of the file.
 * @throws InputError if it cannot be read, has no explanations, or has them on several topics and none is chosen
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
    return new InputError(`${path}: no explanations on topic ${topic}; found them on ${names}`);
  }
  return new InputError(`${path}: no ${EXPLANATION} in it; torquelens replay explains recordings`);
}
