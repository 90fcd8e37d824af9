import { InputError } from "../../errors.js";
import type { Time } from "../../messages/types.js";
import type { Fields, Publisher, RosNode, Subscription } from "../../ros/client/ros.js";
import { type RobotMessages, type RobotOutputs, wallClock } from "./robot.js";

/** Topics of the node with a subscriber. */
export const READ: ReadonlySet<string> = new Set(["explanation", "ratios", "overlay/compressed"]);

/** A node that receives messages within this process and drops what it publishes: the pipeline without ROS 2. */
export class Loopback implements RosNode {
  readonly name = "bench";
  readonly namespace = "/";
  readonly fullName = "/bench";
  readonly #takers = new Map<string, (message: Fields) => void>();

  /** Delivers a robot's messages within this process. */
  outputs({ images, jointStates }: RobotMessages): RobotOutputs {
    const tell = (topic: string, message: { readonly header: object }, stamp: Time) =>
      this.#takers.get(topic)?.({ ...message, header: { ...message.header, stamp } } as unknown as Fields);
    return {
      image: (place, stamp) => tell("/image", images[place]!, stamp),
      jointState: (place, stamp) => tell("/joint_states", jointStates[place]!, stamp),
    };
  }

  log(): void {}

  systemTime(): bigint {
    return BigInt(Math.round(1000 * wallClock())) * 1000n;
  }

  resolveTopic(name: string): string {
    if (name.startsWith("~/")) return `${this.fullName}/${name.slice(2)}`;
    return name.startsWith("/") ? name : `/${name}`;
  }

  publisher(_: string, name: string): Publisher {
    const topic = this.resolveTopic(name);
    const subscribers = READ.has(name.slice(2)) ? 1 : 0;
    return { topic, subscribers, publish: () => {}, close: () => {} };
  }

  subscribe(_: string, name: string, __: unknown, take: (message: Fields) => void): Subscription {
    const topic = this.resolveTopic(name);
    this.#takers.set(topic, take);
    return { topic, close: () => this.#takers.delete(topic) };
  }

  service(): never {
    throw new InputError("the benchmark has no services");
  }

  hasPackage(): boolean {
    return false;
  }

  publishersOf(): [] {
    return [];
  }

  subscribersOf(): [] {
    return [];
  }

  close(): void {}
}
