import type { ConnectionGraphUpdate } from "../protocol.js";

/** Topics and services of this server by name, and who is connected to each. */
export interface Graph {
  readonly published: readonly string[];
  readonly services: readonly string[];
  /** Names of the clients that are subscribed, by topic. */
  readonly subscribed: ReadonlyMap<string, readonly string[]>;
}

/** The whole graph, for a client that begins to watch it. @param server name of the publisher and provider */
export function wholeGraph(server: string, { published, services, subscribed }: Graph): ConnectionGraphUpdate {
  return {
    op: "connectionGraphUpdate",
    publishedTopics: published.map((name) => ({ name, publisherIds: [server] })),
    subscribedTopics: [...subscribed].map(([name, ids]) => ({ name, subscriberIds: ids })),
    advertisedServices: services.map((name) => ({ name, providerIds: [server] })),
    removedTopics: [],
    removedServices: [],
  };
}

/** Topics whose subscribers differ; undefined where there are none. Topics and services of the server never change. */
export function graphUpdate(before: Graph, after: Graph): ConnectionGraphUpdate | undefined {
  const names = new Set([...before.subscribed.keys(), ...after.subscribed.keys()]);
  const changed = [...names].flatMap((name) => {
    const ids = after.subscribed.get(name) ?? [];
    return ids.join() === before.subscribed.get(name)?.join() ? [] : [{ name, subscriberIds: ids }];
  });
  if (changed.length === 0) return undefined;
  return {
    op: "connectionGraphUpdate",
    publishedTopics: [],
    subscribedTopics: changed,
    advertisedServices: [],
    removedTopics: [],
    removedServices: [],
  };
}
