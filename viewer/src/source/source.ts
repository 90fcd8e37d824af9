import type { ReadonlySignal } from "@preact/signals";
import type { Listeners } from "./listeners.js";

/** A message of one topic, decoded. */
export interface Message {
  readonly topic: string;
  /** Log time, nanoseconds. */
  readonly time: bigint;
  readonly data: unknown;
}

export interface Topic {
  readonly topic: string;
  /** `package/msg/Name`. */
  readonly type: string;
}

/** How the page is doing with its source, and a sentence that says what to do next. */
export interface Condition {
  readonly state: "connecting" | "open" | "lost" | "failed";
  readonly text: string;
}

/** Where messages come from: a live socket or a recording. Models and panels know nothing else. */
export interface Source {
  readonly name: string;
  readonly condition: ReadonlySignal<Condition>;
  readonly topics: ReadonlySignal<readonly Topic[]>;
  readonly listeners: Listeners;
  /** Asks for the messages of a topic, until it is called again with false. */
  want(topic: string, wanted: boolean): void;
  /** Reads all messages of a topic in order; undefined for a live run. */
  scan?(topic: string, take: (message: Message) => void, signal: AbortSignal): Promise<void>;
  /** Ends with what a message made fail. */
  fail(error: unknown): void;
  close(): void;
}
