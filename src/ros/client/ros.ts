import type { Qos } from "../../messages/qos.js";

/** Log levels that the nodes use. */
export type Severity = "debug" | "info" | "warn" | "error";

/** A publisher of serialised messages. */
export interface Publisher {
  /** Resolved name: absolute, remapped. */
  readonly topic: string;
  /** Current number of subscriptions, on all machines. */
  readonly subscribers: number;
  /** Publishes a message. @param cdr CDR bytes with encapsulation header; not kept */
  publish(cdr: Uint8Array): void;
  close(): void;
}

/** Receives a message; its byte arrays are views of `bytes`. */
export type Take = (message: Fields, bytes?: Uint8Array) => unknown;

/** A subscription; messages go to its callback. */
export interface Subscription {
  readonly topic: string;
  close(): void;
}

/** A publisher or subscription in the ROS 2 graph. */
export interface Endpoint {
  /** Fully qualified name of its node. */
  readonly node: string;
  /** Message type, `package/msg/Name`. */
  readonly type: string;
  readonly reliability: Qos["reliability"];
  readonly durability: Qos["durability"];
}

/** Fields of a message: number arrays as typed arrays, 64-bit integers as bigint. */
export type Fields = Readonly<Record<string, unknown>>;

/** Answers a service request; both are plain objects. */
export type Answer = (request: Fields) => object | Promise<object>;

/**
 * A service type of this package, described by common types with the same field types. The memory layout of a message
 * depends only on the types of its fields, so that no classes have to be generated for this package.
 */
export interface OwnService {
  /** `package/srv/Name` */
  readonly name: string;
  /** Message type with the field types of the request. */
  readonly request: string;
  /** Service type with the field types of the response. */
  readonly responseOf: string;
}

/** A ROS 2 node: the part of a client library that is used. Only `openNode` loads the library. */
export interface RosNode {
  readonly name: string;
  readonly namespace: string;
  /** `/namespace/name` */
  readonly fullName: string;
  log(severity: Severity, text: string): void;
  /** Wall-clock time, nanoseconds since 1970. */
  systemTime(): bigint;
  /** Absolute name of a topic after expansion (`~`, relative) and remapping. */
  resolveTopic(name: string): string;
  /** @throws InputError for a type without a library on this machine, or an invalid name */
  publisher(type: string, topic: string, qos: Qos): Publisher;
  /**
   * Calls `take` on the main thread and logs what it throws or rejects with. `take` receives the bytes of the message too
   * where it may discard them.
   * @throws InputError for a type without a library on this machine, or an invalid name
   */
  subscribe(type: string, topic: string, qos: Qos, take: Take): Subscription;
  /** @throws InputError for a type without a library on this machine, or an invalid name */
  service(type: string | OwnService, name: string, answer: Answer): { close(): void };
  /** Returns true if a package is in the ROS 2 environment. */
  hasPackage(name: string): boolean;
  /** Publishers of a topic, of any type. */
  publishersOf(topic: string): readonly Endpoint[];
  /** Subscriptions of a topic, of any type. */
  subscribersOf(topic: string): readonly Endpoint[];
  /** Shuts the node down and frees it. Safe to call twice. */
  close(): void;
}
