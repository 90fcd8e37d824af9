import { computed, type ReadonlySignal } from "@preact/signals";
import { Listeners } from "./listeners.js";
import type { Condition, Message, Source, Topic } from "./source.js";

const OWN = "/torquelens/";
const COMPARED = "/torquelens/compare/";

/** True where a second method explains the ticks of a run. */
export const hasSecondMethod = (topics: readonly Topic[]): boolean =>
  topics.some(({ topic }) => topic === `${COMPARED}explanation`);

/** True for a topic of explanations, which a run has once for each method. */
const isOfMethod = (topic: string): boolean =>
  topic.startsWith(OWN) && !topic.startsWith(COMPARED) && topic !== `${OWN}simulation`;
const second = (topic: string): string => (isOfMethod(topic) ? `${COMPARED}${topic.slice(OWN.length)}` : topic);
const first = (topic: string): string => (topic.startsWith(COMPARED) ? `${OWN}${topic.slice(COMPARED.length)}` : topic);

/** A run as its second method explains it: the second explanations in place of the first, all else shared with the run. */
export class ComparedSource implements Source {
  readonly name: string;
  readonly condition: ReadonlySignal<Condition>;
  readonly topics: ReadonlySignal<readonly Topic[]>;
  readonly listeners = new Listeners();
  readonly scan: Source["scan"];
  readonly #of: Source;
  readonly #wanted = new Set<string>();
  readonly #leave: () => void;

  constructor(of: Source) {
    this.#of = of;
    this.name = of.name;
    this.condition = of.condition;
    this.topics = computed(() =>
      of.topics.value
        .filter(({ topic }) => !isOfMethod(topic))
        .map(({ topic, type }) => ({ topic: first(topic), type })),
    );
    if (of.scan)
      this.scan = (topic, take, signal) => of.scan!(second(topic), (message) => take(renamed(message)), signal);
    this.#leave = of.listeners.add({
      message: (message) => {
        if (!isOfMethod(message.topic)) this.listeners.message(renamed(message));
      },
      jump: () => this.listeners.jump(),
    });
  }

  want(topic: string, wanted: boolean): void {
    const asked = second(topic);
    // What both share stays wanted: the first method's panels show it.
    if (asked === topic && !wanted) return;
    if (asked !== topic && wanted) this.#wanted.add(asked);
    else this.#wanted.delete(asked);
    this.#of.want(asked, wanted);
  }

  fail(error: unknown): void {
    this.#of.fail(error);
  }

  /** The run itself goes on. */
  close(): void {
    this.#leave();
    for (const topic of this.#wanted) this.#of.want(topic, false);
  }
}

const renamed = (message: Message): Message => ({ ...message, topic: first(message.topic) });
