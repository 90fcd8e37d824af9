import type { ClientMessage } from "../client-message.js";
import { assetFailureFrame, assetFrame, type ServedParameter, type ServerMessage, serviceFrame } from "../protocol.js";
import type { ServerReply, ServerStart } from "../thread.js";
import { Assets } from "./assets.js";
import { type Graph, graphUpdate, wholeGraph } from "./connection-graph.js";
import type { Outlet } from "./outlet.js";
import { type ParameterClient, ParameterDesk } from "./parameter-desk.js";
import { type CallOutcome, type ServiceClient, ServiceDesk } from "./service-desk.js";

/** Changes of the graph are collected for so long, milliseconds. */
const GRAPH_DELAY = 100;
/** Largest number of assets that a client may wait for. */
const MOST_ASSETS = 64;
/** Largest total of assets on their way to all clients, bytes. */
const ASSET_ROOM = 64 * 1024 * 1024;

/** A client that carries out operations beside subscriptions. */
export class OperatingClient implements ParameterClient, ServiceClient {
  readonly watched = new Set<string>();
  changing = 0;
  calling = 0;
  seesGraph = false;
  /** Number of assets asked for and not sent, and the newest of them. */
  fetching = 0;
  fetched: Promise<void> = Promise.resolve();
  hasLeft = false;

  /** @param name of the client in the connection graph */
  constructor(
    readonly name: string,
    readonly outlet: Outlet,
  ) {}

  values(parameters: readonly ServedParameter[], id: string | undefined): void {
    this.send({ op: "parameterValues", parameters, ...(id !== undefined && { id }) });
  }

  refuse(line: string): void {
    this.send({ op: "status", level: 2, message: line });
  }

  respond(serviceId: number, callId: number, data: Uint8Array): void {
    this.outlet.sendSmall(serviceFrame(serviceId, callId, data));
  }

  fail(serviceId: number, callId: number, message: string): void {
    this.send({ op: "serviceCallFailure", serviceId, callId, message });
  }

  send(message: ServerMessage): void {
    this.outlet.sendSmall(JSON.stringify(message));
  }
}

type Operation = Exclude<ClientMessage, { op: "subscribe" | "unsubscribe" }>;

/** Everything that clients can do beside subscribing: parameters, services, the connection graph, assets. */
export class Operations {
  readonly #start: ServerStart;
  readonly #parameters: ParameterDesk;
  readonly #services: ServiceDesk;
  readonly #assets: Assets;
  readonly #clients = new Set<OperatingClient>();
  #graph: Graph;
  #graphTimer: NodeJS.Timeout | undefined;
  #assetBytes = 0;
  #next = 0;

  constructor(start: ServerStart, reply: (message: ServerReply) => void) {
    this.#start = start;
    this.#parameters = new ParameterDesk(start.parameters, (set, change) => reply({ set, change }));
    this.#services = new ServiceDesk(start.services, (call, serviceId, data) => reply({ call, serviceId, data }));
    this.#assets = new Assets((process.env.AMENT_PREFIX_PATH ?? "").split(":").filter((prefix) => prefix !== ""));
    this.setMeshes(start.meshes);
    this.#graph = this.#graphNow();
  }

  join(outlet: Outlet): OperatingClient {
    this.#next += 1;
    const client = new OperatingClient(`client ${this.#next}`, outlet);
    this.#clients.add(client);
    return client;
  }

  leave(client: OperatingClient): void {
    client.hasLeft = true;
    this.#clients.delete(client);
    this.#parameters.leave(client);
    this.#services.leave(client);
    this.subscriptionsChanged();
  }

  /** Carries out a message. Returns one line about an error of the client's program; refusals are sent. */
  obey(client: OperatingClient, message: Operation): string | undefined {
    switch (message.op) {
      case "advertise":
      case "unadvertise":
      case "messageData":
        return `${message.op === "messageData" ? "message data" : message.op}: clients cannot publish to this server, it has no clientPublish`;
      case "serviceCall":
        return this.#call(client, message);
      case "fetchAsset":
        this.#fetch(client, message.uri, message.requestId);
        return undefined;
      case "subscribeConnectionGraph":
        this.#sendGraph();
        client.seesGraph = true;
        client.send(wholeGraph(this.#start.name, this.#graph));
        return undefined;
      case "unsubscribeConnectionGraph":
        client.seesGraph = false;
        return undefined;
      default:
        return this.#parameters.isEmpty
          ? `${message.op}: this server has no parameters`
          : this.#parameter(client, message);
    }
  }

  updateParameters(changed: readonly ServedParameter[]): void {
    this.#parameters.update(changed);
  }

  settled(change: number, refusal: string | undefined): void {
    this.#parameters.settled(change, refusal);
  }

  answered(call: number, outcome: CallOutcome): void {
    this.#services.answered(call, outcome);
  }

  /** @param meshes URIs of the meshes in the robot description */
  setMeshes(meshes: readonly string[]): void {
    this.#assets.meshes = new Set(meshes);
  }

  /** Tells those who watch the graph, a little later. */
  subscriptionsChanged(): void {
    this.#graphTimer ??= setTimeout(() => this.#sendGraph(), GRAPH_DELAY);
  }

  close(): void {
    clearTimeout(this.#graphTimer);
    this.#services.close();
  }

  #parameter(
    client: OperatingClient,
    message: Extract<Operation, { op: `${string}arameter${string}` }>,
  ): string | undefined {
    switch (message.op) {
      case "getParameters":
        return this.#parameters.get(client, message.parameterNames, message.id);
      case "subscribeParameterUpdates":
        return this.#parameters.watch(client, message.parameterNames);
      case "unsubscribeParameterUpdates":
        this.#parameters.unwatch(client, message.parameterNames);
        return undefined;
      case "setParameters": {
        const change = message.parameters.map(({ name, value }) => [name, value] as const);
        if (!this.#start.readOnly) {
          this.#parameters.set(client, change, message.id);
          return undefined;
        }
        client.refuse(`setParameters: ${READ_ONLY}`);
        const names = change.map(([name]) => name);
        return names.length === 0 ? undefined : this.#parameters.get(client, names, message.id);
      }
    }
  }

  #call(client: OperatingClient, call: Extract<Operation, { op: "serviceCall" }>): string | undefined {
    if (this.#services.isEmpty) return "service call: this server has no services";
    if (this.#start.readOnly) client.fail(call.serviceId, call.callId, READ_ONLY);
    else this.#services.call(client, call);
    return undefined;
  }

  #fetch(client: OperatingClient, uri: string, requestId: number): void {
    const fail = (reason: string) => client.outlet.sendSmall(assetFailureFrame(requestId, reason));
    if (client.fetching >= MOST_ASSETS) {
      fail(`${MOST_ASSETS} assets are on their way already, ask again later`);
      return;
    }
    client.fetching += 1;
    // One at a time, so that a client that does not read holds one asset.
    client.fetched = client.fetched
      .then(() => this.#sendAsset(client, uri, requestId))
      .catch((error: Error) => fail(error.message))
      .finally(() => {
        client.fetching -= 1;
      });
  }

  async #sendAsset(client: OperatingClient, uri: string, requestId: number): Promise<void> {
    if (client.hasLeft) return;
    const frame = assetFrame(requestId, await this.#assets.read(uri));
    if (this.#assetBytes + frame.length > ASSET_ROOM)
      throw new Error("other clients fetch assets now, ask again later");
    this.#assetBytes += frame.length;
    try {
      await client.outlet.sendLarge(frame);
    } finally {
      this.#assetBytes -= frame.length;
    }
  }

  #sendGraph(): void {
    clearTimeout(this.#graphTimer);
    this.#graphTimer = undefined;
    const before = this.#graph;
    this.#graph = this.#graphNow();
    const update = graphUpdate(before, this.#graph);
    if (update) for (const client of this.#clients) if (client.seesGraph) client.send(update);
  }

  #graphNow(): Graph {
    const topics = this.#start.channels.map(({ advertised }) => advertised.topic);
    const subscribed = new Map<string, readonly string[]>();
    for (const [channel, topic] of topics.entries()) {
      const names = [...this.#clients].filter(({ outlet }) => outlet.isSubscribedTo(channel)).map(({ name }) => name);
      if (names.length > 0) subscribed.set(topic, names);
    }
    return { published: topics, services: this.#start.services.map(({ name }) => name), subscribed };
  }
}

const READ_ONLY = "this server is read-only: clients may look but change nothing";
