/** Quality of service that a topic is offered with; ROS 2 names. */
export interface Qos {
  readonly reliability: "reliable" | "best_effort";
  /** `transient_local`: the last message is kept for whoever comes later. */
  readonly durability: "volatile" | "transient_local";
  /** Messages kept for a slow reader (keep last). */
  readonly depth: number;
}

const RELIABILITY = { reliable: 1, best_effort: 2 } as const;
const DURABILITY = { transient_local: 1, volatile: 2 } as const;
const KEEP_LAST = 1;
const AUTOMATIC_LIVELINESS = 1;
const INFINITE = "\n    sec: 9223372036\n    nsec: 854775807";

/**
 * `offered_qos_profiles` of a bag's channel: YAML as rosbag2 writes it, policies as the numbers of rmw,
 * which every ROS 2 release reads.
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
