import type { Bag, Topic } from "../bag/bag.js";
import { type ReadMessagesOptions, readMessages } from "../bag/read-messages.js";
import { InputError } from "../errors.js";
import { COMPARED_TOPICS } from "../messages/channels.js";
import { EXPLANATION } from "../messages/explanation.js";
import type { ExplanationMessage } from "../messages/types.js";
import type { Outcome } from "../outcome/outcome.js";
import { isOutcome, outcomeIn } from "./outcomes.js";

export interface ReadOptions extends ReadMessagesOptions {
  /** Topic of the explanations; needed only if a bag has several. */
  readonly topic?: string;
  /** Other topics whose log times are read. */
  readonly messages?: readonly string[];
}

/** An explanation, or a message on one of the other topics. */
export interface Found {
  readonly topic: string;
  /** Log time, nanoseconds. */
  readonly logTime: bigint;
  /** Log time of the bag's first message, nanoseconds. */
  readonly bagStart: bigint;
  readonly explanation?: ExplanationMessage;
  /** The outcome of the run before it; undefined for a message that is none. */
  readonly outcome?: Outcome | undefined;
}

/**
 * Reads the explanations of a recording in recorded order. Memory: a chunk or two of the file.
 * @throws InputError if it cannot be read, has no explanations, or has them on several topics and none is chosen
 */
export async function* readExplanations(path: string, options: ReadOptions): AsyncGenerator<Found> {
  const { topic: chosen, messages: times = [], ...rest } = options;
  const choose = (bag: Bag) => ({
    decoded: [explanationTopic(bag, path, chosen), ...bag.topics.filter(isOutcome)],
    times,
  });
  let any = false;
  const lines: string[] = [];
  const problem = (text: string) => {
    lines.push(text);
    rest.problem?.(text);
  };
  for await (const { topic, logTime, bagStart, message } of readMessages(path, choose, { ...rest, problem })) {
    if (topic.type !== EXPLANATION && message !== undefined) {
      yield { topic: topic.name, logTime, bagStart, ...outcomeIn(message as { data: unknown }, topic, problem) };
      continue;
    }
    const explanation = message as ExplanationMessage | undefined;
    any ||= explanation !== undefined;
    yield { topic: topic.name, logTime, bagStart, ...(explanation && { explanation }) };
  }
  if (!any) throw new InputError(`${path}: none of its explanations can be read (${lines.join("; ")})`);
}

function explanationTopic(bag: Bag, path: string, chosen: string | undefined): Topic {
  const candidates = bag.topics.filter(({ type, messages: count }) => type === EXPLANATION && count > 0);
  // A method that was compared is read where it is asked for.
  const isMeant = (name: string) => (chosen === undefined ? !name.startsWith(COMPARED_TOPICS) : name === chosen);
  const [topic, ...others] = candidates.filter(({ name }) => isMeant(name));
  const names = [...new Set(candidates.map(({ name }) => name))].join(", ");
  if (topic === undefined) throw noExplanation(bag, path, chosen, names);
  if (others.length === 0) return topic;
  throw new InputError(`${path}: found explanations on the topics ${names}, expected one: choose with --topic`);
}

function noExplanation({ problems }: Bag, path: string, topic: string | undefined, names: string): InputError {
  if (topic !== undefined && names !== "") {
    return new InputError(`${path}: no explanations on topic ${topic}; found them on ${names}`);
  }
  if (problems.length > 0) {
    const why = problems.map((line) => line.replace(`${path}: `, "")).join("; ");
    return new InputError(`${path}: no ${EXPLANATION} in what can be read of it: ${why}`);
  }
  return new InputError(`${path}: no ${EXPLANATION} in it; torquelens replay explains recordings`);
}
