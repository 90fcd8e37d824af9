import { parseXml, type XmlElement, XmlError } from "@rgrove/parse-xml";
import { InputError } from "../errors.js";
import { type Geometry, geometryOf } from "./geometry.js";
import { child, children, describe, numbers, required, type Vector } from "./xml.js";

/** A pose: metres, and roll, pitch, yaw about the fixed axes x, y, z, radians. */
export interface Origin {
  readonly xyz: Vector;
  readonly rpy: Vector;
}

/** A visual of a link, placed in the link's frame. */
export interface Visual {
  readonly origin: Origin;
  readonly geometry: Geometry;
}

export interface Link {
  readonly name: string;
  readonly visuals: readonly Visual[];
}

export interface Joint {
  readonly name: string;
  /** `revolute`, `continuous`, `prismatic`, `fixed`, `floating`, `planar`. */
  readonly type: string;
  readonly parent: string;
  readonly child: string;
  /** Largest |torque| (N·m) or |force| (N); undefined where the description does not give it. */
  readonly effort: number | undefined;
}

/** The parts of a robot description that this package uses: links with their visuals, and joints. */
export interface Urdf {
  readonly name: string;
  readonly links: readonly Link[];
  readonly joints: readonly Joint[];
}

const ZERO: Vector = [0, 0, 0];

/**
 * Parses a URDF.
 * @param source name of the text in errors
 * @throws InputError for text that is not XML, not a robot, or lacks an element or attribute that URDF requires
 */
export function parseUrdf(text: string, source: string): Urdf {
  const robot = rootOf(text, source);
  const links = children(robot, "link").map((element) => linkOf(element, source));
  const joints = children(robot, "joint").map((element) => jointOf(element, source));
  const names = new Set(links.map(({ name }) => name));
  for (const { name, parent, child } of joints) {
    for (const link of [parent, child]) {
      if (!names.has(link))
        throw new InputError(`${source}: joint "${name}" names the link "${link}", which does not exist`);
    }
  }
  return { name: robot.attributes.name ?? "", links, joints };
}

function rootOf(text: string, source: string): XmlElement {
  let root: XmlElement | null;
  try {
    ({ root } = parseXml(text));
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    throw new InputError(`${source}: not XML: ${error.message.split("\n")[0]!}`);
  }
  if (root?.name !== "robot") {
    throw new InputError(`${source}: found the root element <${root?.name ?? ""}>, expected <robot>: not a URDF`);
  }
  return root;
}

function linkOf(element: XmlElement, source: string): Link {
  const name = required(element, "name", source);
  const visuals = children(element, "visual").map((visual): Visual => {
    const geometry = child(visual, "geometry");
    if (!geometry) throw new InputError(`${source}: ${describe(visual)} of link "${name}" has no <geometry>`);
    return { origin: originOf(visual, source), geometry: geometryOf(geometry, `${source}: link "${name}"`) };
  });
  return { name, visuals };
}

function jointOf(element: XmlElement, source: string): Joint {
  const name = required(element, "name", source);
  const end = (tag: "parent" | "child"): string => {
    const found = child(element, tag);
    if (!found) throw new InputError(`${source}: joint "${name}" has no <${tag}>`);
    return required(found, "link", source);
  };
  const limit = child(element, "limit");
  const effort = limit && numbers(limit, "effort", 1, source)?.[0];
  return { name, type: required(element, "type", source), parent: end("parent"), child: end("child"), effort };
}

function originOf(element: XmlElement, source: string): Origin {
  const origin = child(element, "origin");
  if (!origin) return { xyz: ZERO, rpy: ZERO };
  const vector = (name: string) => (numbers(origin, name, 3, source) as Vector | undefined) ?? ZERO;
  return { xyz: vector("xyz"), rpy: vector("rpy") };
}

/** Largest |torque| (N·m) or |force| (N) by joint, where the description gives it; an effort of 0 means no limit. */
export function effortLimits({ joints }: Urdf): Map<string, number> {
  return new Map(joints.flatMap(({ name, effort }) => (effort !== undefined && effort > 0 ? [[name, effort]] : [])));
}
