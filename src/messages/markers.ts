import type { Explanation } from "../explain/explanation.js";
import { type JointElements, jointRelevance } from "../explain/joint-relevance.js";
import { type Colormap, colorTable } from "../image/colormap.js";
import { parseUrdf } from "../urdf/urdf.js";
import { type LinkShape, linkShapes } from "./link-shapes.js";
import { toTime } from "./robot.js";
import type { ColorRgba, MarkerArrayMessage, MarkerMessage } from "./types.js";

/** visualization_msgs/Marker.ADD: add or replace. */
const ADD = 0;
/** Colour of links that no joint of the policy moves, and of all links where no joint is relevant. */
const NEUTRAL: ColorRgba = { r: 0.5, g: 0.5, b: 0.5, a: 1 };

/** A robot whose links are coloured by the relevance of the joint that moves them. */
export class RobotColors {
  readonly #elements: JointElements;
  readonly #shapes: readonly LinkShape[];
  /** Faults of visuals that are left out, one line each. */
  readonly problems: readonly string[];

  /**
   * @param source name of the description in errors
   * @throws InputError for text that is not a URDF
   */
  constructor(urdf: string, source: string, elements: JointElements) {
    this.#elements = elements;
    const robot = parseUrdf(urdf, source);
    this.#shapes = linkShapes(robot, new Set(Object.values(elements).flat()));
    this.problems = robot.problems.visuals;
  }

  /** URIs of the meshes that the visuals name. */
  get meshes(): readonly string[] {
    return [...new Set(this.#shapes.map(({ mesh }) => mesh).filter((mesh) => mesh !== ""))];
  }

  /**
   * One marker for each visual of the description that can be read, numbered in its order. The colour shows the joint's relevance relative
   * to the most relevant joint. Undefined where the robot has no visuals or the explanation no relevance (level `skip`).
   */
  markers(explanation: Explanation, colormap: Colormap = "inferno"): MarkerArrayMessage | undefined {
    const relevance = jointRelevance(explanation, this.#elements);
    if (!relevance || this.#shapes.length === 0) return undefined;
    const top = Math.max(0, ...relevance.values());
    const table = colorTable(colormap);
    const color = (joint: string | undefined): ColorRgba => {
      const value = joint === undefined ? undefined : relevance.get(joint);
      return value === undefined || !(top > 0) ? NEUTRAL : colorAt(table, value / top);
    };
    const stamp = toTime(explanation.observation.stamp);
    return { markers: this.#shapes.map((shape, id) => marker(shape, id, stamp, color(shape.joint))) };
  }
}

function colorAt(table: Uint8Array, level: number): ColorRgba {
  const at = 3 * Math.round(255 * level);
  return { r: table[at]! / 255, g: table[at + 1]! / 255, b: table[at + 2]! / 255, a: 1 };
}

function marker(
  shape: LinkShape,
  id: number,
  stamp: MarkerMessage["header"]["stamp"],
  color: ColorRgba,
): MarkerMessage {
  const { link, type, pose, scale, mesh } = shape;
  return {
    header: { stamp, frame_id: link },
    ns: "joint_relevance",
    id,
    type,
    action: ADD,
    pose,
    scale,
    color,
    lifetime: { sec: 0, nanosec: 0 },
    frame_locked: true,
    points: [],
    colors: [],
    texture_resource: "",
    texture: { header: { stamp: { sec: 0, nanosec: 0 }, frame_id: "" }, format: "", data: new Uint8Array(0) },
    uv_coordinates: [],
    text: "",
    mesh_resource: mesh,
    mesh_file: { filename: "", data: new Uint8Array(0) },
    mesh_use_embedded_materials: false,
  };
}
