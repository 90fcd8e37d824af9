import { InputError } from "../../errors.js";
import type { InputCounts } from "../../health/facts.js";
import { discard } from "../../messages/discard.js";
import type { Qos } from "../../messages/qos.js";
import { own, put } from "../../own.js";
import type { Policy } from "../../policy/policy.js";
import { FEEDERS, type Fed, type Feeder } from "../../sensing/feeders.js";
import type { Match } from "../../sensing/match.js";
import type { Observer } from "../../sensing/observer.js";
import { ROBOT_DESCRIPTION } from "../../sensing/topics.js";
import { mismatch } from "../client/mismatch.js";
import type { RosNode, Subscription, Take } from "../client/ros.js";
import type { QosOverrides } from "../parameters/qos-overrides.js";

export interface InputsOptions {
  readonly policy: Policy;
  readonly observer: Observer;
  /** `raw`, or the name of a child of a camera's topic, which has compressed images. */
  readonly transport: string;
  readonly qos: QosOverrides;
  /** Receives what the messages completed. */
  readonly matched: (match: Match) => void;
  /**
   * Receives the robot's description, after the observer. Returns faults of parts that are left out; throws InputError
   * where nothing is usable.
   */
  readonly described: (urdf: string) => readonly string[];
  /** Called for a message that cannot be used. */
  readonly problem: (topic: string, reason: string) => void;
}

/** A topic to subscribe to. */
export interface Feed {
  readonly feeder: Feeder;
  /** Camera or modality, or `ROBOT`. */
  readonly subject: string;
  readonly topic: string;
  readonly type: string;
}

/** A subscription. */
interface Input extends Feed {
  readonly qos: Qos;
  readonly subscription: Subscription;
}

/** The topics that feed a policy's observer: images on `image` for a single camera, else on `CAMERA/image`. */
export function feedsOf(ros: Pick<RosNode, "resolveTopic">, policy: Policy, transport: string): Feed[] {
  const cameras = policy.modalities.filter(({ kind }) => kind === "image").map(({ name }) => name);
  const imagesOf = (subject: string): string => {
    if (!cameras.includes(subject)) return "";
    return ros.resolveTopic(cameras.length > 1 ? `${subject}/image` : "image");
  };
  return FEEDERS.filter(({ isRecordedOnly }) => !isRecordedOnly).flatMap((feeder) =>
    feeder.subjects(policy).map((subject): Feed => {
      const topic = feeder.topic(subject, imagesOf(subject));
      const [type, compressed = type] = feeder.types;
      if (feeder.kind !== "image" || transport === "raw") return { feeder, subject, topic, type };
      // A user remaps the base; the transport's suffix comes after it, as in image_transport.
      return { feeder, subject, topic: `${topic}/${transport}`, type: compressed };
    }),
  );
}

/** The subscriptions that feed an observer. */
export class Inputs {
  readonly #inputs: Input[] = [];
  /** Publishers whose messages never arrive, by resolved topic. */
  #mismatches: Readonly<Record<string, number>> = {};
  /** Nodes that publish a topic, where they are several and one is expected, by resolved topic. */
  #several: Readonly<Record<string, readonly string[]>> = {};
  /** Messages that came mixed by the last check, by resolved topic. */
  #mixed: Readonly<Record<string, number>> = {};
  /** Robot descriptions that were not a URDF. */
  #notUrdf = 0;

  constructor(
    private readonly ros: RosNode,
    private readonly options: InputsOptions,
  ) {
    const { policy, transport } = options;
    for (const feed of feedsOf(ros, policy, transport)) this.#listen(feed, feed.feeder.qos);
    this.#subscribeLatched();
  }

  /** Resolved topics whose messages must keep arriving. */
  get continuous(): readonly string[] {
    return this.#inputs.filter(({ feeder }) => feeder.isContinuous).map(({ subscription }) => subscription.topic);
  }

  /** Resolved topic of a name in the observer's counters. */
  topicOf(counter: string): string {
    const input = this.#inputs.find(({ feeder, subject }) => feeder.counter(subject) === counter);
    return input?.subscription.topic ?? counter;
  }

  /** What came in, by resolved topic. */
  counts(): InputCounts {
    const { topics, ...totals } = this.options.observer.counters();
    const named: Record<string, InputCounts["topics"][string]> = {};
    for (const [name, counts] of Object.entries(topics)) put(named, this.topicOf(name), counts);
    const add = (topic: string, more: Readonly<Record<string, number>>) => {
      const { received = 0, dropped = {}, ...rest } = own(named, topic) ?? {};
      put(named, topic, { ...rest, received, dropped: { ...dropped, ...more } });
    };
    if (this.#notUrdf > 0) add(this.topicOf(ROBOT_DESCRIPTION), { not_urdf: this.#notUrdf });
    for (const [topic, publishers] of Object.entries(this.#mismatches))
      add(topic, { publishers_that_do_not_match: publishers });
    for (const [topic, publishers] of Object.entries(this.#several)) {
      add(topic, {});
      put(named, topic, { ...own(named, topic)!, publishers });
    }
    return { ...totals, topics: named };
  }

  /**
   * Looks for publishers whose messages never come, of another type or quality of service, and for several where one is
   * expected.
   */
  check(problem: (topic: string, reason: string) => void): void {
    this.#subscribeLatched();
    this.#checkSeveral(problem);
    const mismatches: Record<string, number> = {};
    for (const topic of new Set(this.#inputs.map(({ subscription }) => subscription.topic))) {
      const wanted = this.#inputs.filter(({ subscription }) => subscription.topic === topic);
      for (const offered of this.ros.publishersOf(topic)) {
        const reasons = wanted.map((one) => mismatch(one, offered));
        const [reason] = reasons;
        // One of several subscriptions is enough.
        if (reason === undefined || reasons.includes(undefined)) continue;
        put(mismatches, topic, (own(mismatches, topic) ?? 0) + 1);
        problem(topic, reason);
      }
    }
    this.#mismatches = mismatches;
  }

  close(): void {
    for (const { subscription } of this.#inputs) subscription.close();
  }

  /** Names the nodes that publish a camera's topic, or joint states that come mixed, where they are several. */
  #checkSeveral(problem: (topic: string, reason: string) => void): void {
    const mixedBefore = this.#mixed;
    const { topics } = this.counts();
    this.#mixed = Object.fromEntries(Object.entries(topics).map(([topic, { mixed = 0 }]) => [topic, mixed]));
    const several: Record<string, readonly string[]> = {};
    for (const { feeder, subscription, type } of this.#inputs) {
      const { topic } = subscription;
      const isMixed = (own(this.#mixed, topic) ?? 0) > (own(mixedBefore, topic) ?? 0);
      if (feeder.kind !== "image" && !isMixed) continue;
      const nodes = this.ros.publishersOf(topic).filter((offered) => offered.type === type);
      const names = [...new Set(nodes.map(({ node }) => node))].sort();
      if (names.length < 2) continue;
      put(several, topic, names);
      const what = feeder.kind === "image" ? "images of one camera" : "states of one arm";
      problem(topic, `published by ${names.join(", ")}: taken for ${what}; stop or remap all but one`);
    }
    this.#several = several;
  }

  #listen(feed: Feed, defaults: Qos): void {
    const { feeder, subject, topic, type } = feed;
    const qos = this.options.qos.of(this.ros.resolveTopic(topic), "subscription", defaults);
    const take: Take = (message, bytes) => {
      const fed = feeder.feed(this.options.observer, message, subject, bytes && { release: () => discard(bytes) });
      if (feeder.kind === "robot_description") return this.#describe(fed, message.data as string);
      return this.#match(fed);
    };
    this.#inputs.push({ ...feed, qos, subscription: this.ros.subscribe(type, topic, qos, take) });
  }

  /**
   * Opens the latched subscriptions that have a latched publisher. Only they receive a message that was published before
   * this node started; with another publisher, DDS reports incompatible QoS for them.
   */
  #subscribeLatched(): void {
    for (const { feeder, subject, topic, type, subscription } of [...this.#inputs]) {
      const { latchedQos } = feeder;
      const own = this.#inputs.filter((input) => input.feeder === feeder && input.subject === subject);
      if (!latchedQos || own.length > 1) continue;
      const publishers = this.ros.publishersOf(subscription.topic);
      if (publishers.some(({ durability }) => durability === "transient_local"))
        this.#listen({ feeder, subject, topic, type }, latchedQos);
    }
  }

  async #describe(fed: Fed, urdf: string): Promise<void> {
    const { described, problem } = this.options;
    await this.#match(fed);
    try {
      for (const text of described(urdf)) problem(this.topicOf(ROBOT_DESCRIPTION), text);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      this.#notUrdf++;
      problem(this.topicOf(ROBOT_DESCRIPTION), error.message);
    }
  }

  #match(fed: Fed): void | Promise<void> {
    if (fed instanceof Promise) return fed.then((matches) => this.#match(matches));
    for (const match of fed) this.options.matched(match);
  }
}
