import { InputError } from "../errors.js";
import type { Explanation } from "../explain/explanation.js";
import type { Observation } from "../explain/observation.js";
import type { Source } from "../explain/pipeline.js";
import { EPISODE_START } from "../messages/explanation.js";
import type {
  CameraInfoMessage,
  ExplanationMessage,
  Float64MultiArrayMessage,
  JointStateMessage,
  StringMessage,
  TfMessage,
} from "../messages/types.js";
import type { Policy } from "../policy/policy.js";
import type { Counters } from "../sensing/counters.js";
import type { Match } from "../sensing/match.js";
import { Observer } from "../sensing/observer.js";
import type { ObserverOptions } from "../sensing/observer-options.js";
import { stampOf } from "../sensing/stamp.js";
import { JOINT_STATES } from "../sensing/topics.js";
import type { Bag, BagRecord, Selection, Topic } from "./bag.js";
import { decoderOf } from "./decode.js";
import { findInputs, type Inputs, type NamedTopics } from "./inputs.js";

export interface BagSourceOptions extends Omit<ObserverOptions, "now" | "heard">, NamedTopics {
  /** Log times of the first and the last message, nanoseconds; default all. */
  readonly start?: bigint | undefined;
  readonly end?: bigint | undefined;
  /** Only every so manieth image is explained, default 1. */
  readonly every?: number;
  /** Topics whose messages `events` gives too. Default none. */
  readonly copied?: (topic: Topic) => boolean;
}

/** What happens as a bag is read: a message that is to be copied, or an observation made by messages up to there. */
export type BagEvent =
  | { readonly kind: "record"; readonly record: BagRecord }
  | { readonly kind: "observation"; readonly observation: Observation; readonly logTime: bigint };

type Take = (message: unknown) => readonly Match[] | Promise<readonly Match[]>;

/**
 * Observations of a recording: the messages go through the same `Observer` as those of a running robot, by the clock of
 * their log times. However old an image is or far ahead its stamp, it is explained.
 */
export class BagSource implements Source {
  readonly #takes: ReadonlyMap<Topic, Take>;
  /** Topics whose messages hold on: what came before the start still counts. */
  readonly #lasting: readonly Topic[];
  #now: bigint;
  #matches = 0;
  #description: string | undefined;
  #isOpen = true;

  private constructor(
    private readonly bag: Bag,
    private readonly observer: Observer,
    readonly inputs: Inputs,
    private readonly options: BagSourceOptions,
    clock: { now: () => bigint },
  ) {
    this.#now = bag.start;
    clock.now = () => this.#now;
    this.#takes = this.#taking();
    this.#lasting = [...inputs.descriptions, ...inputs.staticTf, ...inputs.infos.values(), ...inputs.given.values()];
  }

  /**
   * Finds the topics. Bag and policy stay the caller's.
   * @throws InputError where topics are missing or ambiguous, or an option is out of range, as `Observer.create`
   */
  static async open(bag: Bag, policy: Policy, options: BagSourceOptions = {}): Promise<BagSource> {
    const inputs = await findInputs(bag, policy, options);
    const clock = { now: () => bag.start };
    const forever = { maxAge: Number.POSITIVE_INFINITY, maxFuture: Number.POSITIVE_INFINITY };
    const problem = (name: string, reason: string) => options.problem?.(topicOf(inputs, name), reason);
    const heard = [...inputs.given.keys()];
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

  /** URDF of the robot, where the bag holds one. */
  get robotDescription(): string | undefined {
    return this.#description;
  }

  counters(): Counters {
    return this.observer.counters();
  }

  async *observations(): AsyncGenerator<Observation> {
    for await (const event of this.events()) if (event.kind === "observation") yield event.observation;
  }

  /** A message comes before the observation that it completes. */
  async *events(): AsyncGenerator<BagEvent> {
    const { copied = () => false, start, end } = this.options;
    const wanted = this.bag.topics.filter((topic) => this.#takes.has(topic) || copied(topic));
    if (start !== undefined && start > this.bag.start)
      yield* this.#eventsOf({ topics: namesOf(this.#lasting), end: start - 1n });
    yield* this.#eventsOf({
      topics: namesOf(wanted),
      ...(start !== undefined && { start }),
      ...(end !== undefined && { end }),
    });
  }

  /**
   * Tells of the explanation of the observation given last before it is done: the next one can then be read, and waits
   * only where it depends on the torque.
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
        if (this.#matches++ % every !== 0) continue;
        const observation = await match.observe();
        if (observation) yield { kind: "observation", observation, logTime: record.logTime };
        if (!this.#isOpen) return;
      }
    }
  }

  async #feed({ topic, logTime, data }: BagRecord): Promise<readonly Match[]> {
    this.#now = logTime;
    const take = this.#takes.get(topic);
    if (!take) return [];
    try {
      return await take(data);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      this.options.problem?.(topic.name, error.message.replace(`${this.bag.path}: ${topic.name}: `, ""));
      return [];
    }
  }

  /** Takes the first calibrations and description before anything else: they hold from the beginning on. */
  async #prepare(): Promise<void> {
    const first = new Set([...this.inputs.infos.values(), ...this.inputs.descriptions]);
    if (first.size === 0) return;
    for await (const record of this.bag.read({ topics: namesOf(first) })) {
      if (first.delete(record.topic)) await this.#feed({ ...record, logTime: this.#now });
      if (first.size === 0) return;
    }
  }

  #taking(): Map<Topic, Take> {
    const { bag, observer, inputs } = this;
    const takes = new Map<Topic, Take>();
    const add = (topic: Topic, take: Take) => {
      const decode = decoderOf(topic, bag.path);
      takes.set(topic, (data) => take(decode(data as Uint8Array)));
    };
    for (const [camera, topic] of inputs.infos)
      add(topic, (message) => {
        observer.cameraInfo(camera, message as CameraInfoMessage);
        return [];
      });
    for (const [camera, topic] of inputs.cameras)
      add(topic, (message) => observer.image(camera, message as Parameters<Observer["image"]>[1]));
    for (const topic of inputs.joints) add(topic, (message) => observer.jointState(message as JointStateMessage));
    for (const [modality, topic] of inputs.given)
      add(topic, (message) => observer.givenValues(modality, message as Float64MultiArrayMessage));
    for (const topic of inputs.explanations)
      add(topic, (message) => {
        const { flags, header } = message as ExplanationMessage;
        if (flags.includes(EPISODE_START)) observer.begins(stampOf(header.stamp));
        return [];
      });
    for (const topic of inputs.tf) add(topic, (message) => observer.transforms(message as TfMessage));
    for (const topic of inputs.staticTf) add(topic, (message) => observer.transforms(message as TfMessage, true));
    for (const topic of inputs.descriptions)
      add(topic, async (message) => {
        const { data } = message as StringMessage;
        // The arm of one description is built once, however often it is repeated.
        if (data !== this.#description) await observer.robotDescription(data);
        this.#description = data;
        return [];
      });
    return takes;
  }
}

/** The topic that the observer calls by a modality, by `MODALITY/camera_info`, `values/MODALITY` or `joint_states`. */
function topicOf({ cameras, infos, joints, given }: Inputs, name: string): string {
  const info = infos.get(name.replace(/\/camera_info$/, ""));
  const values = given.get(name.replace(/^values\//, ""));
  const found =
    cameras.get(name) ?? info ?? values ?? (name === JOINT_STATES && joints.length === 1 ? joints[0] : undefined);
  return found?.name ?? name;
}

const namesOf = (topics: Iterable<Topic>): Set<string> => new Set(Array.from(topics, ({ name }) => name));
