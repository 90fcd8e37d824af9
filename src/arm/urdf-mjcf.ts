import type { XmlElement } from "@rgrove/parse-xml";
import type { Geometry } from "../urdf/geometry.js";
import type { Joint } from "../urdf/joint.js";
import { type Origin, quaternionOf } from "../urdf/origin.js";
import type { Urdf } from "../urdf/urdf.js";
import { children, type Vector } from "../urdf/xml.js";
import { type BodyInertia, inertiaOf } from "./body-inertia.js";
import { neighbours, solidsOf } from "./urdf-contacts.js";
import { type Branch, branches, isFixed, rigidWith, treeOf } from "./urdf-tree.js";
import { tag } from "./xml-text.js";

/** A robot description as MJCF text, and what the text cannot say. */
export interface Mjcf {
  readonly xml: string;
  /** Inertias by link that MuJoCo's compiler refuses: to be put into the compiled model. */
  readonly exact: ReadonlyMap<string, BodyInertia>;
  /** Why the dynamics are not known, one line each; empty where they are. */
  readonly unknownInertia: readonly string[];
}

/** Settings of MuJoCo's compiler that keep their meaning when the description is written anew. */
const COMPILER = new Set(["boundmass", "boundinertia", "balanceinertia", "settotalmass"]);

/**
 * Writes a URDF as MJCF, with the meaning that URDF's own tools give it, where MuJoCo's import of URDF has another: a
 * continuous joint has no limits, joints that mimic another follow it, links that a joint connects may touch, and a link
 * without an `<inertial>` has no mass.
 * @throws InputError for links that are not a tree
 */
export function mjcfOf(urdf: Urdf, source: string): Mjcf {
  const tree = treeOf(urdf, source);
  const exact = new Map<string, BodyInertia>();
  const moving = branches(tree).filter((branch) => !isFixed(branch));
  const hasMass = ({ link }: Branch) => (link.inertial?.mass ?? 0) > 0;
  const light = new Set(moving.filter((branch) => !rigidWith(branch).some(hasMass)));
  const unknownInertia = [
    ...Array.from(light, ({ link }) => `${source}: link "${link.name}" moves and has no mass`),
    ...tree.cut.map(({ name, child }) => `${source}: joint "${name}" cannot be placed: link "${child}" is left out`),
  ];
  const body = (branch: Branch): string => {
    const { link, joint } = branch;
    const inertia = light.has(branch) ? UNIT_INERTIA : link.inertial && inertiaOf(link.inertial);
    if (inertia && !inertia.isPhysical) exact.set(link.name, inertia);
    const inner = [
      ...(joint ? jointTags(joint) : []),
      ...(inertia ? [inertialTag(inertia.isPhysical ? inertia : { ...UNIT_INERTIA, frame: inertia.frame })] : []),
      ...solidsOf(branch).map(({ origin, geometry }) => tag("geom", { ...pose(origin), mass: 0, ...solid(geometry) })),
      ...branch.below.map(body),
    ].join("");
    // The world is there already.
    if (!joint && link.name === "world") return inner;
    return tag("body", { name: link.name, ...(joint ? pose(joint.motion!.origin) : {}) }, inner);
  };
  const bodies = tree.roots.map(body).join("");
  const followers = moving.flatMap(({ joint }) => (joint!.motion!.mimic ? [mimicTag(joint!)] : []));
  const pairs = neighbours(tree).map(([a, b]) => tag("exclude", { body1: a.link.name, body2: b.link.name }));
  const xml = tag(
    "mujoco",
    {},
    [
      ...settings(urdf.mujoco),
      tag("worldbody", {}, bodies),
      tag("contact", {}, pairs.join("")),
      tag("equality", {}, followers.join("")),
    ].join(""),
  );
  return { xml, exact, unknownInertia };
}

/** What a moving link without mass gets, because MuJoCo needs one; its dynamics are not asked for. */
const UNIT_INERTIA: BodyInertia = {
  mass: 1,
  moments: [1, 1, 1],
  frame: { position: [0, 0, 0], rotation: [1, 0, 0, 0] },
  isPhysical: true,
};

function settings(mujoco: XmlElement | undefined): string[] {
  const own = mujoco ? children(mujoco, "compiler").flatMap(({ attributes }) => Object.entries(attributes)) : [];
  const kept = Object.fromEntries(own.filter(([name]) => COMPILER.has(name)));
  const rest = mujoco ? [...children(mujoco, "option"), ...children(mujoco, "size")] : [];
  const compiler = tag("compiler", { angle: "radian", autolimits: "true", ...kept });
  return [compiler, ...rest.map(copied)];
}

function copied(element: XmlElement): string {
  return tag(element.name, element.attributes, children(element, "flag").map(copied).join(""));
}

function pose(origin: Origin): Record<string, string> {
  const { x, y, z, w } = quaternionOf(origin);
  return { pos: origin.xyz.join(" "), quat: [w, x, y, z].join(" ") };
}

function inertialTag({ mass, moments, frame }: BodyInertia): string {
  const { position, rotation } = frame;
  return tag("inertial", { pos: position.join(" "), quat: rotation.join(" "), mass, diaginertia: moments.join(" ") });
}

function solid(geometry: Geometry): Record<string, string> {
  switch (geometry.kind) {
    case "box":
      return { type: "box", size: geometry.size.map((size) => size / 2).join(" ") };
    case "sphere":
      return { type: "sphere", size: String(geometry.radius) };
    case "mesh":
      throw new Error("a mesh is not solid");
    default:
      return { type: geometry.kind, size: `${geometry.radius} ${geometry.length / 2}` };
  }
}

const AXES: readonly Vector[] = [
  [1, 0, 0],
  [0, 1, 0],
  [0, 0, 1],
];

function jointTags(joint: Joint): string[] {
  const { name, type, range, effort, damping, friction } = joint;
  const { axis } = joint.motion!;
  const along = (axis: Vector) => tag("joint", { type: "slide", axis: axis.join(" ") });
  switch (type) {
    case "fixed":
      return [];
    case "floating":
      return [...AXES.map(along), tag("joint", { name, type: "ball" })];
    case "planar":
      return [...inPlane(axis).map(along), tag("joint", { type: "hinge", axis: axis.join(" ") })];
    default:
      return [
        tag("joint", {
          name,
          type: type === "prismatic" ? "slide" : "hinge",
          axis: axis.join(" "),
          damping,
          frictionloss: friction,
          ...(range && { range: range.join(" ") }),
          ...(effort && { actuatorfrcrange: `${-effort} ${effort}` }),
        }),
      ];
  }
}

/** Two directions at right angles to an axis and to each other. */
function inPlane([x, y, z]: Vector): Vector[] {
  const least = [Math.abs(x), Math.abs(y), Math.abs(z)];
  const [a, b, c] = AXES[least.indexOf(Math.min(...least))]!;
  const across = [y * c - z * b, z * a - x * c, x * b - y * a] as const;
  const length = Math.hypot(...across);
  const [u, v, w] = across.map((value) => value / length) as [number, number, number];
  return [
    [u, v, w],
    [y * w - z * v, z * u - x * w, x * v - y * u],
  ];
}

function mimicTag({ name, motion }: Joint): string {
  const { joint, multiplier, offset } = motion!.mimic!;
  return tag("joint", { joint1: name, joint2: joint, polycoef: `${offset} ${multiplier} 0 0 0` });
}
