import type { XmlElement } from "@rgrove/parse-xml";
import { InputError } from "../errors.js";
import { own } from "../own.js";
import { type Origin, originOf } from "./origin.js";
import type { Problems } from "./problems.js";
import { child, numbers, required, type Vector } from "./xml.js";

/** A joint whose position is that of another: q = multiplier · q(joint) + offset. */
export interface Mimic {
  readonly joint: string;
  readonly multiplier: number;
  readonly offset: number;
}

/** How a joint's link moves in its parent. */
export interface Motion {
  readonly origin: Origin;
  /** Direction in the joint's frame, of length 1. */
  readonly axis: Vector;
  readonly mimic: Mimic | undefined;
}

export interface Joint {
  readonly name: string;
  /** `revolute`, `continuous`, `prismatic`, `fixed`, `floating`, `planar`. */
  readonly type: string;
  readonly parent: string;
  readonly child: string;
  /** Undefined where it cannot be read: the place of the child is unknown. */
  readonly motion: Motion | undefined;
  /** Lower and upper limit (rad or m); undefined for a continuous joint, and where the lower is not below the upper. */
  readonly range: readonly [lower: number, upper: number] | undefined;
  /** Largest |torque| (N·m) or |force| (N), above 0; undefined where the description does not limit it. */
  readonly effort: number | undefined;
  /** Largest |velocity| (rad/s or m/s), above 0; undefined where the description does not limit it. */
  readonly velocity: number | undefined;
  /** Viscous damping, N·m·s/rad or N·s/m. */
  readonly damping: number;
  /** Dry friction, N·m or N. */
  readonly friction: number;
}

const X: Vector = [1, 0, 0];
const AXIAL = new Set(["revolute", "continuous", "prismatic", "planar"]);

/**
 * Reads a `<joint>`; a number with a fault is left out and noted.
 * @throws InputError for a joint without a name, type, parent or child
 */
export function jointOf(element: XmlElement, source: string, problems: Problems): Joint {
  const name = required(element, "name", source);
  const where = `${source}: joint "${name}"`;
  const type = required(element, "type", source);
  const end = (tag: "parent" | "child"): string => {
    const found = child(element, tag);
    if (!found) throw new InputError(`${where} has no <${tag}>`);
    return required(found, "link", source);
  };
  const number = (tag: string, attribute: string, read = numbers): number | undefined => {
    const found = child(element, tag);
    return found && problems.attempt(() => read(found, attribute, 1, where))?.[0];
  };
  const limit = (attribute: string): number | undefined => {
    const found = number("limit", attribute, numbersOrInfinity);
    return found !== undefined && found > 0 && Number.isFinite(found) ? found : undefined;
  };
  return {
    name,
    type,
    parent: end("parent"),
    child: end("child"),
    motion: problems.attempt(() => motionOf(element, type, where)),
    range: type === "continuous" ? undefined : rangeOf(element, number),
    effort: limit("effort"),
    velocity: limit("velocity"),
    damping: Math.max(0, number("dynamics", "damping") ?? 0),
    friction: Math.max(0, number("dynamics", "friction") ?? 0),
  };
}

function rangeOf(element: XmlElement, number: (tag: string, attribute: string) => number | undefined): Joint["range"] {
  if (!child(element, "limit")) return undefined;
  const [lower, upper] = (["lower", "upper"] as const).map((end) =>
    child(element, "limit")!.attributes[end] === undefined ? 0 : number("limit", end),
  );
  return lower !== undefined && upper !== undefined && lower < upper ? [lower, upper] : undefined;
}

function motionOf(element: XmlElement, type: string, where: string): Motion {
  const mimic = child(element, "mimic");
  return {
    origin: originOf(element, where),
    axis: AXIAL.has(type) ? axisOf(element, where) : X,
    mimic: mimic && {
      joint: required(mimic, "joint", where),
      multiplier: numbers(mimic, "multiplier", 1, where)?.[0] ?? 1,
      offset: numbers(mimic, "offset", 1, where)?.[0] ?? 0,
    },
  };
}

function axisOf(element: XmlElement, where: string): Vector {
  const axis = child(element, "axis");
  const found = (axis && numbers(axis, "xyz", 3, where)) ?? X;
  const length = Math.hypot(...found);
  if (length > 0) return found.map((value) => value / length) as unknown as Vector;
  throw new InputError(`${where}: xyz of <axis>: found a vector of length 0, expected a direction`);
}

/** As `numbers`, where infinity is a number too: no limit. */
function numbersOrInfinity(element: XmlElement, attribute: string, count: number, where: string): number[] | undefined {
  if (/^\s*\+?inf(inity)?\s*$/i.test(own(element.attributes, attribute) ?? "")) return [Number.POSITIVE_INFINITY];
  return numbers(element, attribute, count, where);
}
