import { type Bag, keyOf, type Topic } from "./bag.js";
import { decoderOf } from "./decode.js";
import type { MessageFolders } from "./message-folders.js";
import { openBag } from "./open-bag.js";

/** A message of a recording. */
export interface RecordedMessage {
  readonly topic: Topic;
  /** When it was recorded, nanoseconds. */
  readonly logTime: bigint;
  /** When the bag's first message was recorded, nanoseconds. */
  readonly bagStart: bigint;
  /** The decoded message; undefined on topics of which only the times are read. */
  readonly message: unknown;
}

/** Topics to read. */
export interface Choice {
  readonly decoded: readonly Topic[];
  /** Names of further topics, of which only the times are read. */
  readonly times?: readonly string[];
}

export interface ReadMessagesOptions {
  /** Definitions for bags that hold none. */
  readonly folders?: MessageFolders | undefined;
  /** Called after reading for each problem of the bag, one line. */
  readonly problem?: ((text: string) => void) | undefined;
}

/**
 * Reads the messages of some topics of a recording, in its order. Memory: a chunk or two of the file.
 * @throws InputError where it cannot be read or a message does not fit its definition; what `choose` throws
 */
export async function* readMessages(
  path: string,
  choose: (bag: Bag) => Choice,
  { folders, problem }: ReadMessagesOptions = {},
): AsyncGenerator<RecordedMessage> {
  const bag = await openBag(path, folders);
  try {
    const { decoded, times = [] } = choose(bag);
    const decoders = new Map(decoded.map((topic) => [keyOf(topic), decoderOf(topic, path)]));
    const topics = new Set([...decoded.map(({ name }) => name), ...times]);
    for await (const { topic, logTime, data } of bag.read({ topics }))
      yield { topic, logTime, bagStart: bag.start, message: decoders.get(keyOf(topic))?.(data) };
    for (const text of bag.problems) problem?.(text);
  } finally {
    await bag.close();
  }
}
