import type { Fields } from "./ros.js";

/**
 * Types of the part of rclnodejs 2 that is used, written by hand: the package is installed only where ROS 2 is, and its
 * own types refer to message types that it generates there.
 */

/** QoS policies as rmw's numbers. */
export interface RclQos {
  readonly history: number;
  readonly depth: number;
  readonly reliability: number;
  readonly durability: number;
  readonly liveliness: number;
  readonly avoidRosNameSpaceConventions: boolean;
}

/** A message or service type for the native library. */
export interface RclType {
  type(): { readonly pkgName: string; readonly subFolder: string; readonly interfaceName: string };
}

export interface RclServiceType extends RclType {
  readonly Request: unknown;
  readonly Response: unknown;
}

export interface RclPublisher {
  readonly topic: string;
  readonly subscriptionCount: number;
  publish(message: Uint8Array): void;
}

export interface RclSubscription {
  readonly topic: string;
}

export interface RclEndpoint {
  readonly node_name: string;
  readonly node_namespace: string;
  readonly topic_type: string;
  readonly qos_profile: RclQos;
}

export interface RclLogger {
  debug(text: string): void;
  info(text: string): void;
  warn(text: string): void;
  error(text: string): void;
}

export interface RclNode {
  name(): string;
  namespace(): string;
  getFullyQualifiedName(): string;
  getLogger(): RclLogger;
  /** Called by the native side with the handles that are ready. */
  execute(handles: unknown): void;
  resolveTopicName(name: string): string;
  createPublisher(type: RclType, topic: string, options: { readonly qos: RclQos }): RclPublisher;
  createSubscription(
    type: string,
    topic: string,
    options: { readonly qos: RclQos; readonly isRaw: true },
    callback: (cdr: Uint8Array) => void,
  ): RclSubscription;
  createService(
    type: string | RclType,
    name: string,
    callback: (request: Fields) => object | Promise<object | undefined>,
  ): object;
  destroyPublisher(publisher: RclPublisher): void;
  destroySubscription(subscription: RclSubscription): void;
  destroyService(service: object): void;
  getPublishersInfoByTopic(topic: string): readonly RclEndpoint[];
  getSubscriptionsInfoByTopic(topic: string): readonly RclEndpoint[];
  spin(): void;
}

export interface RclContext {
  readonly handle: unknown;
}

export interface Rclnodejs {
  readonly Context: new () => RclContext;
  readonly Clock: new () => { now(): { readonly nanoseconds: bigint } };
  readonly Node: new (name: string, namespace: string, context: RclContext, options: object) => RclNode;
  init(context: RclContext, argv: readonly string[]): Promise<void>;
  shutdown(context: RclContext): void;
  removeSignalHandlers(): void;
  /** The generated class of a message or service type. */
  require(type: string): RclServiceType;
}
