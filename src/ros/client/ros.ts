import type { Qos } from "../../messages/qos.js";

/** Levels of a ROS 2 logger that the nodes use. */
export type Severity = "debug" | "info" | "warn" | "error";

/** A publisher of serialised messages. */
export interface Publisher {
  /** Resolved name: absolute, remapped. */
  readonly topic: string;
  /** Readers on this machine and others, now. */
  readonly subscribers: number;
  /** Sends one message. @param cdr CDR bytes, encapsulation header included; not kept */
  publish(cdr: Uint8Array): void;
  close(): void;
}

/** Takes a message; its bytes and strings are views of `bytes`. */
export type Take = (message: Fields, bytes?: Uint8Array) => unknown;

/** A subscription; its messages go to the callback it was made with. */
export interface Subscription {
  readonly topic: string;
  close(): void;
}

/** One end of a topic, as the graph shows it. */
export interface Endpoint {
  /** Fully qualified name of its node. */
  readonly node: string;
  /** Message type, `package/msg/Name`. */
  readonly type: string;
  readonly reliability: Qos["reliability"];
  readonly durability: Qos["durability"];
}

/** Fields of a message as rclnodejs gives them: typed arrays, 64-bit integers as bigint. */
export type Fields = Readonly<Record<string, unknown>>;

/** A service with request and response of plain objects. Whoever answers may take its time. */
export type Answer = (request: Fields) => object | Promise<object>;

/**
 * A type of service of this package, told by types of the same fields that every ROS 2 has: the memory layout of a
 * message follows from the types of its fields alone, so that the client library needs no classes generated for ours.
 */
export interface OwnService {
  /** `package/srv/Name` */
  readonly name: string;
  /** Message type whose fields have the types of the request's. */
  readonly request: string;
  /** Service type whose response has fields of the types of our response's. */
  readonly responseOf: string;
}

/** One ROS 2 node: all that `src/ros` needs of a client library. `rclnodejs.ts` is the only one that talks to it. */
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
  /** @throws InputError for a type that this machine has no library for, or an invalid name */
  publisher(type: string, topic: string, qos: Qos): Publisher;
  /**
   * `take` is called on the main thread; what it throws, at once or later, is logged and ends nothing. It is told the
   * bytes that the message was read from where they are its own to discard.
   * @throws InputError for a type that this machine has no library for, or an invalid name
   */
  subscribe(type: string, topic: string, qos: Qos, take: Take): Subscription;
  /** @throws InputError for a type that this machine has no library for, or an invalid name */
  service(type: string | OwnService, name: string, answer: Answer): { close(): void };
  /** Whether ROS 2 here has a package. */
  hasPackage(name: string): boolean;
  /** Publishers of a topic, of whatever type. */
  publishersOf(topic: string): readonly Endpoint[];
  /** Subscriptions of a topic, of whatever type. */
  subscribersOf(topic: string): readonly Endpoint[];
  /** Ends the node and frees everything of it; safe to call twice. */
  close(): void;
}
