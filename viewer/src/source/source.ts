import type { Signal } from "@preact/signals";

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
  readonly condition: Signal<Condition>;
  readonly topics: Signal<readonly Topic[]>;
  /** Asks for the messages of a topic, until it is called again with false. */
  want(topic: string, wanted: boolean): void;
  /** Called with every message that was asked for. */
  onMessage: (message: Message) => void;
  /** Called where time jumped: what was shown before is not what came just before. */
  onJump: () => void;
  close(): void;
}
