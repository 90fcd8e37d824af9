import type { XmlElement } from "@rgrove/parse-xml";
import { InputError } from "../errors.js";
import { elements, numbers, required, type Vector } from "./xml.js";

/** Shapes of URDF, metres; the axis of cylinders and capsules is z, their centre the origin. */
export type Geometry =
  | { readonly kind: "box"; readonly size: Vector }
  | { readonly kind: "sphere"; readonly radius: number }
  | { readonly kind: "cylinder"; readonly radius: number; readonly length: number }
  /** A cylinder of this length with half a sphere on either end. */
  | { readonly kind: "capsule"; readonly radius: number; readonly length: number }
  | { readonly kind: "mesh"; readonly file: string; readonly scale: Vector };

const READERS: Readonly<Record<Geometry["kind"], (element: XmlElement, where: string) => Geometry>> = {
  box: (element, where) => ({ kind: "box", size: sizes(element, "size", 3, where) as unknown as Vector }),
  sphere: (element, where) => ({ kind: "sphere", radius: sizes(element, "radius", 1, where)[0]! }),
  cylinder: (element, where) => ({ kind: "cylinder", ...round(element, where) }),
  capsule: (element, where) => ({ kind: "capsule", ...round(element, where) }),
  mesh: (element, where) => ({
    kind: "mesh",
    file: required(element, "filename", where),
    scale: (numbers(element, "scale", 3, where) as Vector | undefined) ?? [1, 1, 1],
  }),
};

/**
 * The shape in a `<geometry>` element.
 * @param where file and link, for errors
 * @throws InputError for a missing or unknown shape, or invalid sizes
 */
export function geometryOf(geometry: XmlElement, where: string): Geometry {
  const [element] = elements(geometry);
  const kinds = Object.keys(READERS);
  const read = element && Object.hasOwn(READERS, element.name) && READERS[element.name as Geometry["kind"]];
  if (!read) {
    const found = element ? `found <${element.name}>` : "empty";
    throw new InputError(`${where}: geometry: ${found}, expected ${kinds.slice(0, -1).join(", ")} or ${kinds.at(-1)}`);
  }
  return read(element, where);
}

function round(element: XmlElement, where: string): { radius: number; length: number } {
  return { radius: sizes(element, "radius", 1, where)[0]!, length: sizes(element, "length", 1, where)[0]! };
}

function sizes(element: XmlElement, attribute: string, count: number, where: string): number[] {
  required(element, attribute, where);
  const values = numbers(element, attribute, count, where)!;
  if (values.every((value) => value >= 0)) return values;
  throw new InputError(`${where}: ${attribute} of <${element.name}>: found a negative size, expected 0 or more`);
}
