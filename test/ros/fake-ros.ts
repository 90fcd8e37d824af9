import { InputError } from "#src/errors.js";
import { messageType } from "#src/messages/definitions.js";
import type { Qos } from "#src/messages/qos.js";
import { guarded } from "#src/ros/client/guard.js";
import type {
  Answer,
  Endpoint,
  Fields,
  OwnService,
  Publisher,
  RosNode,
  Severity,
  Subscription,
  Take,
} from "#src/ros/client/ros.js";
import { decode } from "../messages/decode.js";

/** A graph of one node in memory: whoever tests is all other nodes. */
export class FakeRos implements RosNode {
  readonly logged: { severity: Severity; text: string }[] = [];
  /** Messages by topic, decoded by another library than the one that wrote them. */
  readonly published = new Map<string, Fields[]>();
  readonly publishers = new Map<string, { type: string; qos: Qos; subscribers: number }>();
  readonly subscriptions = new Map<string, { type: string; qos: Qos; take: Take }[]>();
  readonly services = new Map<string, { type: string; answer: Answer }>();
  readonly remotePublishers = new Map<string, Endpoint[]>();
  time = 1_000_000_000_000n;
  isOpen = true;
  packages: string[] = [];
  /** Types without generated classes. */
  missing = /^$/;
  /** Readers of a topic of which nothing else is known. */
  readers = 1;

  constructor(
    readonly name = "torquelens",
    readonly namespace = "/",
  ) {}

  get fullName(): string {
    return `${this.namespace.replace(/\/$/, "")}/${this.name}`;
  }

  log(severity: Severity, text: string): void {
    this.logged.push({ severity, text });
  }

  systemTime(): bigint {
    return this.time;
  }

  resolveTopic(name: string): string {
    if (name.startsWith("~/")) return `${this.fullName}/${name.slice(2)}`;
    return name.startsWith("/") ? name : `${this.namespace.replace(/\/$/, "")}/${name}`;
  }

  publisher(type: string, name: string, qos: Qos): Publisher {
    const topic = this.resolveTopic(name);
    const readers = this.readers;
    const entry = { type, qos, subscribers: readers };
    this.publishers.set(topic, entry);
    this.published.set(topic, []);
    return {
      topic,
      get subscribers() {
        return entry.subscribers;
      },
      publish: (cdr) => {
        this.published.get(topic)!.push(decode(messageType(type).schema, cdr) as Fields);
      },
      close: () => {
        this.publishers.delete(topic);
      },
    };
  }

  subscribe(type: string, name: string, qos: Qos, take: Take): Subscription {
    const topic = this.resolveTopic(name);
    const safely = guarded(topic, take, (where, error) => this.log("error", `${where}: ${error.message}`));
    const entry = { type, qos, take: safely };
    this.subscriptions.set(topic, [...(this.subscriptions.get(topic) ?? []), entry]);
    return {
      topic,
      close: () => {
        const left = this.subscriptions.get(topic)!.filter((other) => other !== entry);
        if (left.length > 0) this.subscriptions.set(topic, left);
        else this.subscriptions.delete(topic);
      },
    };
  }

  service(type: string | OwnService, name: string, answer: Answer): { close(): void } {
    const resolved = this.resolveTopic(name);
    if (typeof type === "string" && this.missing.test(type)) throw new InputError(`${name}: no ${type}`);
    this.services.set(resolved, { type: typeof type === "string" ? type : type.name, answer });
    return { close: () => void this.services.delete(resolved) };
  }

  hasPackage(name: string): boolean {
    return this.packages.includes(name);
  }

  publishersOf(topic: string): readonly Endpoint[] {
    return this.remotePublishers.get(topic) ?? [];
  }

  subscribersOf(): readonly Endpoint[] {
    return [];
  }

  close(): void {
    this.isOpen = false;
  }

  /** Another node publishes. `bytes`: what the message lies in, where it is the subscription's own. */
  say(name: string, message: object, bytes?: Uint8Array): void {
    for (const { take } of this.subscriptions.get(this.resolveTopic(name)) ?? []) take(message as Fields, bytes);
  }

  /** Another node calls. */
  async call(name: string, request: object = {}): Promise<Fields> {
    const service = this.services.get(this.resolveTopic(name));
    if (!service) throw new Error(`no service ${name}`);
    return (await service.answer(request as Fields)) as Fields;
  }

  /** Lines logged at a level, the last ones first cleared by `logged.length = 0`. */
  lines(severity: Severity): string[] {
    return this.logged.filter((line) => line.severity === severity).map(({ text }) => text);
  }
}
