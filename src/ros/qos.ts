import type { Qos } from "../messages/qos.js";
import type { Spec, Table } from "./parameter-spec.js";
import type { Endpoint } from "./ros.js";

/** What topics are read and offered with where nothing else is said. */
export const QOS = {
  /** Cameras and other sensors: the newest message, none twice. A reader that asks for more hears no camera. */
  sensor: { reliability: "best_effort", durability: "volatile", depth: 1 },
  /** Joint states come often and are small; all of them are wanted, to interpolate between. */
  jointStates: { reliability: "best_effort", durability: "volatile", depth: 100 },
  /** What is said once, also to those who come later. */
  latched: { reliability: "reliable", durability: "transient_local", depth: 1 },
  /** Results. */
  reliable: { reliability: "reliable", durability: "volatile", depth: 10 },
  /** `/clock`, as every ROS 2 node reads it. */
  clock: { reliability: "best_effort", durability: "volatile", depth: 1 },
} as const satisfies Readonly<Record<string, Qos>>;

/** A topic whose quality of service a user may change. */
export interface Overridable {
  /** Resolved name of the topic. */
  readonly topic: string;
  readonly end: "subscription" | "publisher";
  readonly qos: Qos;
}

const key = ({ topic, end }: Overridable, policy: keyof Qos): string => `qos_overrides.${topic}.${end}.${policy}`;

/** ROS 2's own parameters to override a topic's quality of service: `qos_overrides./image.subscription.reliability`. */
export function qosParameters(topics: readonly Overridable[]): Table {
  const entries = topics.flatMap((topic): [string, Spec][] => {
    const common = { changeable: "start" } as const;
    const what = `of the ${topic.end === "publisher" ? "publisher of" : "subscription to"} ${topic.topic}`;
    const { reliability, durability, depth } = topic.qos;
    return [
      [
        key(topic, "reliability"),
        {
          ...common,
          type: "string",
          choices: ["reliable", "best_effort"],
          default: reliability,
          description: `Reliability ${what}.`,
        },
      ],
      [
        key(topic, "durability"),
        {
          ...common,
          type: "string",
          choices: ["volatile", "transient_local"],
          default: durability,
          description: `Durability ${what}.`,
        },
      ],
      [
        key(topic, "depth"),
        {
          ...common,
          type: "integer",
          range: [1, 10_000],
          default: depth,
          description: `Messages kept ${what} for a slow reader.`,
        },
      ],
    ];
  });
  return Object.fromEntries(entries);
}

/** The quality of service of a topic as its parameters have it. */
export function qosOf(topic: Overridable, value: (name: string) => unknown): Qos {
  return {
    reliability: value(key(topic, "reliability")) as Qos["reliability"],
    durability: value(key(topic, "durability")) as Qos["durability"],
    depth: value(key(topic, "depth")) as number,
  };
}

/**
 * Why nothing comes from a publisher, one line; undefined where its messages do come. DDS says nothing of it: two ends
 * that do not match never hear of each other.
 */
export function mismatch(wanted: { readonly type: string; readonly qos: Qos }, offered: Endpoint): string | undefined {
  const { type, qos } = wanted;
  if (offered.type !== type) return `${offered.node} publishes ${offered.type}, expected ${type}`;
  if (qos.reliability === "reliable" && offered.reliability === "best_effort")
    return `${offered.node} publishes best effort, the subscription asks for reliable`;
  if (qos.durability === "transient_local" && offered.durability === "volatile")
    return `${offered.node} publishes volatile, the subscription asks for transient local`;
  return undefined;
}
