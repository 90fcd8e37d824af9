import type { Explanation } from "../../explain/explanation.js";
import type { Sink } from "../../explain/pipeline.js";
import type { OutputCounts } from "../../health/facts.js";
import type { ChannelEncoder } from "../../messages/channel-encoder.js";
import type { Channel } from "../../messages/channels.js";
import type { Qos } from "../../messages/qos.js";
import type { Publisher, RosNode } from "../client/ros.js";
import type { QosOverrides } from "../parameters/qos-overrides.js";

interface Topic {
  readonly channel: Channel;
  readonly name: string;
  readonly qos: Qos;
}

interface Outlet {
  readonly channel: Channel;
  readonly publisher: Publisher;
  published: number;
  failed: number;
  /** True while a message is being encoded: the next one is dropped then, there is no queue. */
  isBusy: boolean;
}

export interface RosSinkOptions {
  readonly encoder: ChannelEncoder;
  readonly qos: QosOverrides;
  /** Called for a message that could not be published. */
  readonly problem: (topic: string, reason: string) => void;
}

/** Publishes explanations on `~/explanation` and so on. Topics without subscribers cost nothing. */
export class RosSink implements Sink {
  readonly #topics: readonly Topic[];
  #outlets: readonly Outlet[] = [];

  /** Nothing is published before `open`. */
  constructor(
    private readonly ros: RosNode,
    private readonly options: RosSinkOptions,
  ) {
    const own = options.encoder.channels.filter(({ origin }) => origin === "explanation");
    this.#topics = own.map((channel) => {
      const name = `~/${channel.name}`;
      return { channel, name, qos: options.qos.of(ros.resolveTopic(name), "publisher", channel.qos) };
    });
  }

  /** Opens the topics; those that are open stay. @throws InputError where one cannot be opened */
  open(): void {
    if (this.#outlets.length > 0) return;
    const opened: Outlet[] = [];
    this.#outlets = opened;
    for (const { channel, name, qos } of this.#topics) {
      const publisher = this.ros.publisher(channel.type, name, qos);
      opened.push({ channel, publisher, published: 0, failed: 0, isBusy: false });
    }
  }

  write(explanation: Explanation): void {
    for (const outlet of this.#outlets) this.#write(outlet, explanation);
  }

  /** By resolved topic. */
  counts(): Readonly<Record<string, OutputCounts>> {
    return Object.fromEntries(
      this.#outlets.map(({ publisher, published, failed }) => [
        publisher.topic,
        { published, failed, subscribers: publisher.subscribers },
      ]),
    );
  }

  /** Closes the topics. They can be opened again. */
  async close(): Promise<void> {
    for (const { publisher } of this.#outlets) publisher.close();
    this.#outlets = [];
  }

  #write(outlet: Outlet, explanation: Explanation): void {
    const { channel, publisher } = outlet;
    if (outlet.isBusy || publisher.subscribers === 0) return;
    try {
      const encoded = this.options.encoder.encode(channel, explanation);
      if (!(encoded instanceof Promise)) {
        this.#publish(outlet, encoded);
        return;
      }
      outlet.isBusy = true;
      encoded
        .then((cdr) => this.#publish(outlet, cdr))
        .catch((error: Error) => this.#failed(outlet, error))
        .finally(() => {
          outlet.isBusy = false;
        });
    } catch (error) {
      this.#failed(outlet, error as Error);
    }
  }

  #publish(outlet: Outlet, cdr: Uint8Array | undefined): void {
    if (!cdr || !this.#outlets.includes(outlet)) return;
    outlet.publisher.publish(cdr);
    outlet.published++;
  }

  #failed(outlet: Outlet, { message }: Error): void {
    outlet.failed++;
    this.options.problem(outlet.publisher.topic, `not published: ${message}`);
  }
}
