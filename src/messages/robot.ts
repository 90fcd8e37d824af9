import type { Observation } from "../explain/observation.js";
import { own } from "../own.js";
import type {
  DiagnosticArrayMessage,
  DiagnosticStatusMessage,
  Header,
  JointStateMessage,
  TfMessage,
  Time,
} from "./types.js";

const SECOND = 1_000_000_000n;

/** Nanoseconds → seconds and nanoseconds; times before 0 have a negative second and a positive nanosecond. */
export function toTime(stamp: bigint): Time {
  const nanosec = ((stamp % SECOND) + SECOND) % SECOND;
  return { sec: Number((stamp - nanosec) / SECOND), nanosec: Number(nanosec) };
}

/** Stamp of the observation, and frame of a camera, by default the first one. */
export function toHeader(observation: Observation, camera?: string): Header {
  const image = camera === undefined ? Object.values(observation.images)[0] : own(observation.images, camera);
  return { stamp: toTime(observation.stamp), frame_id: image?.frameId ?? "" };
}

/** Positions and velocities of the source. Effort stays empty: it would be a measurement, and τ is a command. */
export function toJointState(observation: Observation): JointStateMessage {
  const { names, position, velocity } = observation.joints;
  return {
    header: { stamp: toTime(observation.stamp), frame_id: "" },
    name: [...names],
    position: position.slice(),
    velocity: velocity.slice(),
    effort: new Float64Array(0),
  };
}

/** Link poses; undefined where the source has none. */
export function toTf(observation: Observation): TfMessage | undefined {
  if (observation.transforms.length === 0) return undefined;
  const stamp = toTime(observation.stamp);
  return {
    transforms: observation.transforms.map(({ parent, child, translation, rotation }) => ({
      header: { stamp, frame_id: parent },
      child_frame_id: child,
      transform: {
        translation: { x: translation[0], y: translation[1], z: translation[2] },
        rotation: { x: rotation[0], y: rotation[1], z: rotation[2], w: rotation[3] },
      },
    })),
  };
}

/** @param stamp time of the report, nanoseconds */
export function toDiagnostics(stamp: bigint, status: readonly DiagnosticStatusMessage[]): DiagnosticArrayMessage {
  return { header: { stamp: toTime(stamp), frame_id: "" }, status: [...status] };
}
