import type { Explanation } from "../../explain/explanation.js";
import type { Sink } from "../../explain/pipeline.js";
import type { OutputCounts } from "../../health/facts.js";
import type { ChannelEncoder } from "../../messages/channel-encoder.js";
import type { Channel } from "../../messages/channels.js";
import type { Publisher, RosNode } from "../client/ros.js";
import type { QosOverrides } from "../parameters/qos-overrides.js";

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
  readonly #outlets: Outlet[];
  #isOpen = true;

  constructor(
    ros: RosNode,
    private readonly options: RosSinkOptions,
  ) {
    const own = options.encoder.channels.filter(({ origin }) => origin === "explanation");
    this.#outlets = own.map((channel) => {
      const name = `~/${channel.name}`;
      const qos = options.qos.of(ros.resolveTopic(name), "publisher", channel.qos);
      const publisher = ros.publisher(channel.type, name, qos);
      return { channel, publisher, published: 0, failed: 0, isBusy: false };
    });
  }

  write(explanation: Explanation): void {
    for (const outlet of this.#outlets) if (this.#isOpen) this.#write(outlet, explanation);
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

  async close(): Promise<void> {
    this.#isOpen = false;
    for (const { publisher } of this.#outlets) publisher.close();
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
    if (!cdr || !this.#isOpen) return;
    outlet.publisher.publish(cdr);
    outlet.published++;
  }

  #failed(outlet: Outlet, { message }: Error): void {
    outlet.failed++;
    this.options.problem(outlet.publisher.topic, `not published: ${message}`);
  }
}
