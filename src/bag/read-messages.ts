import { type Bag, keyOf, type Topic } from "./bag.js";
import { decoderOf } from "./decode.js";
import type { MessageFolders } from "./message-folders.js";
import { openBag } from "./open-bag.js";
import { UNDECODED, Undecoded } from "./undecoded.js";

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
  /** First and last log time, nanoseconds; by default all. */
  readonly start?: bigint;
  readonly end?: bigint;
}

export interface ReadMessagesOptions {
  /** Definitions for bags that hold none. */
  readonly folders?: MessageFolders | undefined;
  /** Called after reading for each problem of the bag, one line. */
  readonly problem?: ((text: string) => void) | undefined;
}

/**
 * Reads the messages of some topics of a recording, in its order. Those that are damaged or do not fit their definition
 * are left out and reported. Memory: a chunk or two of the file.
 * @throws InputError where it cannot be read; what `choose` throws
 */
export async function* readMessages(
  path: string,
  choose: (bag: Bag) => Choice,
  { folders, problem }: ReadMessagesOptions = {},
): AsyncGenerator<RecordedMessage> {
  const bag = await openBag(path, folders);
  try {
    const { decoded, times = [], ...span } = choose(bag);
    const decoders = new Map(decoded.map((topic) => [keyOf(topic), decoderOf(topic, path)]));
    const topics = new Set([...decoded.map(({ name }) => name), ...times]);
    const undecoded = new Undecoded(bag);
    for await (const { topic, logTime, data } of bag.read({ topics, ...span })) {
      const decode = decoders.get(keyOf(topic));
      const message = undecoded.take(topic, logTime, () => decode?.(data));
      if (message !== UNDECODED) yield { topic, logTime, bagStart: bag.start, message };
    }
    const lines = undecoded.lines().map(([topic, line]) => `${path}: ${topic}: ${line}`);
    for (const text of [...bag.problems, ...lines]) problem?.(text);
  } finally {
    await bag.close();
  }
}
