import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { InputError } from "../../errors.js";
import { readerOf } from "../../messages/cdr-read.js";
import type { Qos } from "../../messages/qos.js";
import { writeErr } from "../../text/terminal.js";
import { visible } from "../../text/visible.js";
import { type Failed, guarded } from "./guard.js";
import { atOffsetZero, named, toEndpoint, toRcl, typeOnly } from "./rclnodejs-convert.js";
import { loadRclnodejs } from "./rclnodejs-load.js";
import type { RclContext, RclNode, Rclnodejs, RclServiceType } from "./rclnodejs-types.js";
import type { Answer, Endpoint, Fields, OwnService, Publisher, RosNode, Severity, Subscription, Take } from "./ros.js";

export interface NodeOptions {
  /** Name of the node unless `__node:=` gives another. */
  readonly name: string;
  readonly namespace?: string;
  /** Remappings and log levels after `--ros-args`, without parameters. */
  readonly args: readonly string[];
}

/**
 * Opens a ROS 2 node and spins it on the event loop. Main thread only: rclnodejs aborts in others.
 * @throws InputError where ROS 2 or rclnodejs is missing, or ROS 2 refuses the arguments
 */
export async function openNode(options: NodeOptions): Promise<RosNode> {
  return openNodeOf(await loadRclnodejs(), options);
}

/** As `openNode`, with a loaded client library. */
export async function openNodeOf(rcl: Rclnodejs, { name, namespace = "", args }: NodeOptions): Promise<RosNode> {
  rcl.removeSignalHandlers();
  const context = new rcl.Context();
  try {
    await rcl.init(context, ["torquelens", ...args]);
    const options = { startParameterServices: false, parameterOverrides: [] };
    return new RclRosNode(rcl, context, new rcl.Node(name, namespace, context, options));
  } catch (error) {
    try {
      rcl.shutdown(context);
    } catch {
      // The context may not have started.
    }
    throw new InputError(`ROS 2 does not start: ${(error as Error).message}`);
  }
}

class RclRosNode implements RosNode {
  readonly name: string;
  readonly namespace: string;
  readonly fullName: string;
  readonly #clock: { now(): { readonly nanoseconds: bigint } };
  #isOpen = true;

  constructor(
    private readonly rcl: Rclnodejs,
    private readonly context: RclContext,
    private readonly node: RclNode,
  ) {
    this.name = node.name();
    this.namespace = node.namespace();
    this.fullName = node.getFullyQualifiedName();
    this.#clock = new rcl.Clock();
    const execute = node.execute.bind(node);
    const safely = guarded("rclnodejs", execute, this.#failed);
    // An error thrown here aborts the process; promises settled here continue only in the next turn of the event loop.
    node.execute = (handles) => {
      safely(handles);
      setImmediate(() => {});
    };
    node.spin();
  }

  log(severity: Severity, text: string): void {
    const safe = visible(text);
    if (this.#isOpen) this.node.getLogger()[severity](safe);
    else if (severity !== "debug") writeErr(`${safe}\n`);
  }

  systemTime(): bigint {
    return this.#clock.now().nanoseconds;
  }

  resolveTopic(name: string): string {
    return named(name, () => this.node.resolveTopicName(name));
  }

  publisher(type: string, topic: string, qos: Qos): Publisher {
    const publisher = named(`${topic} (${type})`, () =>
      this.node.createPublisher(typeOnly(type), topic, { qos: toRcl(qos) }),
    );
    let isOpen = true;
    return {
      topic: publisher.topic,
      get subscribers() {
        return isOpen ? publisher.subscriptionCount : 0;
      },
      publish: (cdr) => {
        if (isOpen && this.#isOpen) publisher.publish(atOffsetZero(cdr));
      },
      close: () => {
        if (isOpen && this.#isOpen) this.node.destroyPublisher(publisher);
        isOpen = false;
      },
    };
  }

  subscribe(type: string, topic: string, qos: Qos, take: Take): Subscription {
    let isOpen = true;
    const read = named(topic, () => readerOf(type));
    const safely = guarded(topic, (cdr: Uint8Array) => take(read(cdr) as Fields, cdr), this.#failed);
    // Raw messages, decoded here: the client library's message classes are far slower.
    const subscription = named(`${topic} (${type})`, () =>
      this.node.createSubscription(type, topic, { qos: toRcl(qos), isRaw: true }, (cdr) => {
        if (isOpen) safely(cdr);
      }),
    );
    return {
      topic: subscription.topic,
      close: () => {
        if (isOpen && this.#isOpen) this.node.destroySubscription(subscription);
        isOpen = false;
      },
    };
  }

  service(type: string | OwnService, name: string, answer: Answer): { close(): void } {
    let isOpen = true;
    const callback = async (request: Fields): Promise<object | undefined> => {
      // Leave the native call first: nothing may be created or destroyed in it.
      await new Promise((resolve) => setImmediate(resolve));
      try {
        const response = await answer(request);
        return isOpen && this.#isOpen ? response : undefined;
      } catch (error) {
        this.#failed(name, error as Error);
        return undefined;
      }
    };
    const service = named(name, () =>
      this.node.createService(typeof type === "string" ? type : this.#ownService(type), name, callback),
    );
    return {
      close: () => {
        if (isOpen && this.#isOpen) this.node.destroyService(service);
        isOpen = false;
      },
    };
  }

  hasPackage(name: string): boolean {
    const prefixes = (process.env.AMENT_PREFIX_PATH ?? "").split(delimiter);
    return prefixes.some((prefix) => existsSync(join(prefix, "share", name, "package.xml")));
  }

  publishersOf(topic: string): readonly Endpoint[] {
    return this.node.getPublishersInfoByTopic(topic).map(toEndpoint);
  }

  subscribersOf(topic: string): readonly Endpoint[] {
    return this.node.getSubscriptionsInfoByTopic(topic).map(toEndpoint);
  }

  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.rcl.shutdown(this.context);
  }

  #ownService({ name, request, responseOf }: OwnService): RclServiceType {
    const type = typeOnly(name);
    const Request = this.rcl.require(request);
    const { Response } = this.rcl.require(responseOf);
    return Object.assign(type, { Request, Response });
  }

  readonly #failed: Failed = (where, error) => {
    this.log("error", `${where}: ${error.message}`);
    this.log("debug", error.stack ?? "");
  };
}
