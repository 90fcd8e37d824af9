import type { Explanation } from "../explain/explanation.js";
import type { Observation } from "../explain/observation.js";
import type { Source } from "../explain/pipeline.js";
import type { StringMessage } from "../messages/types.js";
import type { Policy } from "../policy/policy.js";
import type { Counters } from "../sensing/counters.js";
import type { Fed, Feeder } from "../sensing/feeders.js";
import type { Match } from "../sensing/match.js";
import { Observer } from "../sensing/observer.js";
import type { ObserverOptions } from "../sensing/observer-options.js";
import type { Bag, BagRecord, Selection, Topic } from "./bag.js";
import { decoderOf } from "./decode.js";
import { findInputs, type Input, type NamedTopics } from "./inputs.js";
import { UNDECODED, Undecoded } from "./undecoded.js";

export interface BagSourceOptions extends Omit<ObserverOptions, "now" | "heard">, NamedTopics {
  /** First and last log time to read, nanoseconds; default all. */
  readonly start?: bigint | undefined;
  readonly end?: bigint | undefined;
  /** Explains only every `every`th image; default 1. */
  readonly every?: number;
  /** True for topics whose messages `events` yields too. Default none. */
  readonly copied?: (topic: Topic) => boolean;
}

/** An event while a bag is read: a message to copy, or an observation that a message completed. */
export type BagEvent =
  | { readonly kind: "record"; readonly record: BagRecord }
  | { readonly kind: "observation"; readonly observation: Observation; readonly logTime: bigint };

type Take = (record: BagRecord) => Fed[];

/**
 * Observations of a recording. The messages go through the same `Observer` as those of a running robot, with their log
 * times as the clock. No image is too old, and no stamp too far ahead.
 */
export class BagSource implements Source {
  readonly #takes: ReadonlyMap<Topic, Take>;
  #undecoded: Undecoded;
  #now: bigint;
  #matches = 0;
  #skipped = 0;
  #description: string | undefined;
  #isOpen = true;

  private constructor(
    private readonly bag: Bag,
    private readonly observer: Observer,
    private readonly inputs: readonly Input[],
    private readonly options: BagSourceOptions,
    clock: { now: () => bigint },
  ) {
    this.#now = bag.start;
    this.#undecoded = new Undecoded(bag);
    clock.now = () => this.#now;
    this.#takes = new Map(inputs.map(({ topic }) => [topic, this.#takeOf(topic)]));
  }

  /**
   * Finds the topics. The caller keeps and closes bag and policy.
   * @throws InputError where topics are missing or ambiguous, or an option is out of range, as `Observer.create`
   */
  static async open(bag: Bag, policy: Policy, options: BagSourceOptions = {}): Promise<BagSource> {
    const inputs = await findInputs(bag, policy, options);
    const clock = { now: () => bag.start };
    const forever = { maxAge: Number.POSITIVE_INFINITY, maxFuture: Number.POSITIVE_INFINITY };
    const problem = (name: string, reason: string) => options.problem?.(topicOf(inputs, name), reason);
    const heard = inputs.filter(({ feeder }) => feeder.kind === "values").map(({ subject }) => subject);
    const observer = await Observer.create(policy, { ...forever, ...options, heard, problem, now: () => clock.now() });
    try {
      const source = new BagSource(bag, observer, inputs, options, clock);
      await source.#prepare();
      return source;
    } catch (error) {
      observer.delete();
      throw error;
    }
  }

  /** The policy's image modalities. */
  get cameras(): readonly string[] {
    return this.observer.cameras;
  }

  /** Names of the topics that a feeder is read from, each after its camera or modality. */
  topicsOf(kind: string): [subject: string, topic: string][] {
    return this.inputs.filter(({ feeder }) => feeder.kind === kind).map(({ subject, topic }) => [subject, topic.name]);
  }

  /** Names of a camera's topics: the one that is read, and others that carry the same images. */
  imageTopics(): { topic: string; others: string[] }[] {
    const images = this.inputs.filter(({ feeder }) => feeder.kind === "image");
    return images.map(({ topic, others }) => ({ topic: topic.name, others: others.map(({ name }) => name) }));
  }

  /** URDF of the robot, where the bag has one. */
  get robotDescription(): string | undefined {
    return this.#description;
  }

  counters(): Counters {
    return this.observer.counters();
  }

  /** Number of images left out so far because of `every`. */
  get skipped(): number {
    return this.#skipped;
  }

  /** Number of messages that did not fit their definition so far, by topic. */
  get undecoded(): ReadonlyMap<string, number> {
    return this.#undecoded.counts;
  }

  async *observations(): AsyncGenerator<Observation> {
    for await (const event of this.events()) if (event.kind === "observation") yield event.observation;
  }

  /** Yields a message before the observation that it completes. */
  async *events(): AsyncGenerator<BagEvent> {
    const { copied = () => false, start, end } = this.options;
    const wanted = this.bag.topics.filter((topic) => this.#takes.has(topic) || copied(topic));
    if (start !== undefined && start > this.bag.start)
      yield* this.#eventsOf({ topics: namesOf(this.#holding("onward", "throughout")), end: start - 1n });
    yield* this.#eventsOf({
      topics: namesOf(wanted),
      ...(start !== undefined && { start }),
      ...(end !== undefined && { end }),
    });
    if (!this.#isOpen) return;
    this.observer.end();
    for (const [topic, line] of this.#undecoded.lines()) this.options.problem?.(topic, line);
  }

  /**
   * Announces the explanation of the latest observation before it is done: the next observation can then be read, and
   * waits only if it depends on the torque.
   */
  explaining(explanation: Promise<Explanation>): void {
    this.observer.commanded(explanation.then(({ torque }) => torque));
  }

  accept({ torque }: Pick<Explanation, "torque">): void {
    this.observer.commanded(torque);
  }

  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.observer.delete();
  }

  async *#eventsOf(selection: Selection): AsyncGenerator<BagEvent> {
    const { copied = () => false, every = 1 } = this.options;
    for await (const record of this.bag.read(selection)) {
      if (!this.#isOpen) return;
      if (copied(record.topic)) yield { kind: "record", record };
      for (const match of await this.#feed(record)) {
        if (this.#matches++ % every !== 0) {
          this.#skipped++;
          continue;
        }
        const observation = await match.observe();
        if (observation) yield { kind: "observation", observation, logTime: record.logTime };
        if (!this.#isOpen) return;
      }
    }
  }

  async #feed(record: BagRecord): Promise<readonly Match[]> {
    this.#now = record.logTime;
    const fed = this.#takes.get(record.topic)?.(record) ?? [];
    return fed.length === 1 ? fed[0]! : (await Promise.all(fed)).flat();
  }

  /** Feeds the first calibrations and the first description before anything else: they hold from the beginning. */
  async #prepare(): Promise<void> {
    const first = new Set(this.#holding("throughout"));
    if (first.size === 0) return;
    for await (const record of this.bag.read({ topics: namesOf(first) })) {
      if (first.delete(record.topic)) await this.#feed({ ...record, logTime: this.#now });
      if (first.size === 0) break;
    }
    // They are read once more in their place, and counted then.
    this.#undecoded = new Undecoded(this.bag);
  }

  /** Topics whose messages hold so long. */
  #holding(...spans: readonly Feeder["holds"][]): Topic[] {
    return this.inputs.filter(({ feeder }) => feeder.holds && spans.includes(feeder.holds)).map(({ topic }) => topic);
  }

  /** Feeds a topic's messages to all that it is an input of, such as a calibration of two cameras. */
  #takeOf(topic: Topic): Take {
    const inputs = this.inputs.filter((input) => input.topic === topic);
    const decode = decoderOf(topic, this.bag.path);
    return ({ logTime, data, publisher }) => {
      const message = this.#undecoded.take(topic, logTime, () => decode(data));
      if (message === UNDECODED) return [];
      return inputs.map(({ feeder, subject }) => {
        // The arm of one description is built once, however often it is repeated.
        if (feeder.kind === "robot_description" && !this.#isNew(message as StringMessage)) return [];
        return feeder.feed(this.observer, message, subject, { publisher });
      });
    };
  }

  #isNew({ data }: StringMessage): boolean {
    const isNew = data !== this.#description;
    this.#description = data;
    return isNew;
  }
}

/** Name of the recorded topic that the observer counts by this name. */
function topicOf(inputs: readonly Input[], counter: string): string {
  const [input, ...others] = inputs.filter(({ feeder, subject }) => feeder.counter(subject) === counter);
  return input && others.length === 0 ? input.topic.name : counter;
}

const namesOf = (topics: Iterable<Topic>): Set<string> => new Set(Array.from(topics, ({ name }) => name));
