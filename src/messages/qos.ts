/** Quality of service that a topic is offered with; ROS 2 names. */
export interface Qos {
  readonly reliability: "reliable" | "best_effort";
  /** `transient_local`: late subscribers get the last message. */
  readonly durability: "volatile" | "transient_local";
  /** Number of messages kept for a slow reader (keep last). */
  readonly depth: number;
}

/** Profiles that the topics of this package are offered or read with. */
export const QOS = {
  /** Cameras: best effort, since a reliable reader receives nothing from a best-effort camera. Only the newest image. */
  sensor: { reliability: "best_effort", durability: "volatile", depth: 1 },
  /** Joint states and transforms: small and frequent, and all of them are needed to interpolate. */
  states: { reliability: "best_effort", durability: "volatile", depth: 100 },
  /** Values that change now and then, from any publisher. */
  values: { reliability: "best_effort", durability: "volatile", depth: 10 },
  /** Published once, and kept for late subscribers. */
  latched: { reliability: "reliable", durability: "transient_local", depth: 1 },
  /** Results. */
  reliable: { reliability: "reliable", durability: "volatile", depth: 10 },
  /** Results of which only the newest matters: images. */
  latest: { reliability: "reliable", durability: "volatile", depth: 1 },
  /** `/clock`, as every ROS 2 node reads it. */
  clock: { reliability: "best_effort", durability: "volatile", depth: 1 },
} as const satisfies Readonly<Record<string, Qos>>;

const RELIABILITY = { reliable: 1, best_effort: 2 } as const;
const DURABILITY = { transient_local: 1, volatile: 2 } as const;
const KEEP_LAST = 1;
const AUTOMATIC_LIVELINESS = 1;
const INFINITE = "\n    sec: 9223372036\n    nsec: 854775807";

/**
 * `offered_qos_profiles` of a bag's channel: YAML as rosbag2 writes it, with rmw's numbers for the policies, which every
 * ROS 2 release reads.
 */
export function offeredQosProfiles({ reliability, durability, depth }: Qos): string {
  return [
    `- history: ${KEEP_LAST}`,
    `  depth: ${depth}`,
    `  reliability: ${RELIABILITY[reliability]}`,
    `  durability: ${DURABILITY[durability]}`,
    `  deadline:${INFINITE}`,
    `  lifespan:${INFINITE}`,
    `  liveliness: ${AUTOMATIC_LIVELINESS}`,
    `  liveliness_lease_duration:${INFINITE}`,
    "  avoid_ros_namespace_conventions: false",
  ].join("\n");
}
