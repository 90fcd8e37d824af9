import { InputError } from "../../../errors.js";
import type { ImageMessage, JointStateMessage } from "../../../messages/types.js";
import type { Fields, Publisher, RosNode, Subscription } from "../../../ros/ros.js";
import type { RobotOutputs } from "./robot.js";
import { wallClock } from "./robot.js";

/** What is read of a node where nobody else is. */
export const READ: ReadonlySet<string> = new Set(["explanation", "ratios", "overlay/compressed"]);

/** A node that hears what it is told in this process, and whose messages go nowhere: the pipeline without ROS 2. */
export class Loopback implements RosNode, RobotOutputs {
  readonly name = "bench";
  readonly namespace = "/";
  readonly fullName = "/bench";
  readonly #takers = new Map<string, (message: Fields) => void>();

  image(message: ImageMessage): void {
    this.#tell("/image", message);
  }

  jointState(message: JointStateMessage): void {
    this.#tell("/joint_states", message);
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
    throw new InputError("a bench has no services");
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

  #tell(topic: string, message: object): void {
    this.#takers.get(topic)?.(message as Fields);
  }
}
