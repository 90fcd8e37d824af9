import type { XmlElement } from "@rgrove/parse-xml";
import { InputError } from "../errors.js";
import { type Geometry, geometryOf } from "./geometry.js";
import { type Origin, originOf } from "./origin.js";
import type { Problems } from "./problems.js";
import { child, children, describe, numbers, required } from "./xml.js";

/** A visual or collision shape of a link, placed in the link's frame. */
export interface Shape {
  readonly origin: Origin;
  readonly geometry: Geometry;
}

/** Mass, kg, and moments of inertia about the centre of mass along the axes of `origin`, kg·m². */
export interface Inertial {
  readonly origin: Origin;
  readonly mass: number;
  readonly inertia: readonly [xx: number, yy: number, zz: number, xy: number, xz: number, yz: number];
}

export interface Link {
  readonly name: string;
  readonly visuals: readonly Shape[];
  readonly collisions: readonly Shape[];
  /** Undefined where the description gives none that can be read. */
  readonly inertial: Inertial | undefined;
}

const MOMENTS = ["ixx", "iyy", "izz", "ixy", "ixz", "iyz"] as const;

/** Reads a `<link>`; a shape or an inertia with a fault is left out and noted. @throws InputError for a link without a name */
export function linkOf(element: XmlElement, source: string, of: { visuals: Problems; mechanics: Problems }): Link {
  const name = required(element, "name", source);
  const where = `${source}: link "${name}"`;
  const shapes = (tag: string, problems: Problems) =>
    children(element, tag).flatMap((shape) => problems.attempt(() => shapeOf(shape, where)) ?? []);
  const inertial = child(element, "inertial");
  return {
    name,
    visuals: shapes("visual", of.visuals),
    collisions: shapes("collision", of.mechanics),
    inertial: inertial && of.mechanics.attempt(() => inertialOf(inertial, where)),
  };
}

function shapeOf(element: XmlElement, where: string): Shape {
  const geometry = child(element, "geometry");
  if (!geometry) throw new InputError(`${where}: ${describe(element)} has no <geometry>`);
  return { origin: originOf(element, where), geometry: geometryOf(geometry, where) };
}

function inertialOf(element: XmlElement, where: string): Inertial {
  const number = (tag: string, attribute: string): number => {
    const found = child(element, tag);
    if (!found) throw new InputError(`${where}: <inertial> has no <${tag}>`);
    required(found, attribute, where);
    return numbers(found, attribute, 1, where)![0]!;
  };
  const mass = number("mass", "value");
  if (mass < 0) throw new InputError(`${where}: mass: found ${mass}, expected 0 or more`);
  const inertia = MOMENTS.map((moment) => number("inertia", moment)) as unknown as Inertial["inertia"];
  return { origin: originOf(element, where), mass, inertia };
}
