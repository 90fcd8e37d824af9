import type { Shape as Visual } from "../urdf/link.js";
import { type Origin, quaternionOf } from "../urdf/origin.js";
import type { Urdf } from "../urdf/urdf.js";
import type { Pose, Vector3 } from "./types.js";

/** visualization_msgs/Marker types. */
const CUBE = 1;
const SPHERE = 2;
const CYLINDER = 3;
const MESH_RESOURCE = 10;

/** One shape of a robot's link, as a marker shows it. */
export interface LinkShape {
  readonly link: string;
  /** The nearest joint of the policy that moves the link; undefined where none does. */
  readonly joint: string | undefined;
  /** Marker type. */
  readonly type: number;
  /** Pose in the link's frame. */
  readonly pose: Pose;
  /** Size in metres; of a mesh, scale factors. */
  readonly scale: Vector3;
  /** URL of the mesh (`package://…`, `file://…`); empty for other shapes. */
  readonly mesh: string;
}

/** The visual shapes of a robot, link by link in the description's order; `joints` are the policy's. */
export function linkShapes(urdf: Urdf, joints: ReadonlySet<string>): LinkShape[] {
  const above = new Map(urdf.joints.map((joint) => [joint.child, joint]));
  const movingJoint = (link: string): string | undefined => {
    const seen = new Set<string>();
    for (let at = above.get(link); at && !seen.has(at.child); at = above.get(at.parent)) {
      if (joints.has(at.name)) return at.name;
      seen.add(at.child);
    }
    return undefined;
  };
  return urdf.links.flatMap(({ name, visuals }) => {
    const joint = movingJoint(name);
    return visuals.flatMap(shapesOf).map((shape) => ({ link: name, joint, ...shape }));
  });
}

type Shape = Omit<LinkShape, "link" | "joint">;

function shapesOf({ origin, geometry }: Visual): Shape[] {
  const at = (type: number, [x, y, z]: readonly number[], up = 0, mesh = ""): Shape => ({
    type,
    pose: poseOf(origin, up),
    scale: { x: x!, y: y!, z: z! },
    mesh,
  });
  switch (geometry.kind) {
    case "box":
      return [at(CUBE, geometry.size)];
    case "sphere":
      return [at(SPHERE, ball(geometry.radius))];
    case "cylinder":
      return [at(CYLINDER, [2 * geometry.radius, 2 * geometry.radius, geometry.length])];
    case "capsule": {
      const { radius, length } = geometry;
      const ends = [length / 2, -length / 2].map((up) => at(SPHERE, ball(radius), up));
      return [at(CYLINDER, [2 * radius, 2 * radius, length]), ...ends];
    }
    case "mesh":
      return [at(MESH_RESOURCE, geometry.scale, 0, geometry.file)];
  }
}

const ball = (radius: number): number[] => [2 * radius, 2 * radius, 2 * radius];

/** The origin, shifted by `up` along its own z axis. */
function poseOf(origin: Origin, up: number): Pose {
  const { xyz } = origin;
  const orientation = quaternionOf(origin);
  const { x, y, z, w } = orientation;
  const axis = [2 * (x * z + w * y), 2 * (y * z - w * x), 1 - 2 * (x * x + y * y)];
  return {
    position: { x: xyz[0] + up * axis[0]!, y: xyz[1] + up * axis[1]!, z: xyz[2] + up * axis[2]! },
    orientation,
  };
}
