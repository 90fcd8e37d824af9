import { XmlElement } from "@rgrove/parse-xml";
import { InputError } from "../errors.js";
import { own } from "../own.js";

export type Vector = readonly [number, number, number];

/** Child elements of a name, in order. */
export function children(element: XmlElement, name: string): XmlElement[] {
  return elements(element).filter((node) => node.name === name);
}

export function child(element: XmlElement, name: string): XmlElement | undefined {
  return elements(element).find((node) => node.name === name);
}

export function elements(element: XmlElement): XmlElement[] {
  return element.children.filter((node) => node instanceof XmlElement);
}

export function describe({ name }: XmlElement): string {
  return `<${name}>`;
}

/** @throws InputError for an attribute that is missing or empty */
export function required(element: XmlElement, attribute: string, source: string): string {
  const value = own(element.attributes, attribute);
  if (!value) throw new InputError(`${source}: ${describe(element)} has no ${attribute}`);
  return value;
}

/**
 * The numbers of an attribute, separated by spaces; undefined where the attribute is missing.
 * @throws InputError for anything but `count` finite numbers
 */
export function numbers(element: XmlElement, attribute: string, count: number, source: string): number[] | undefined {
  const text = own(element.attributes, attribute);
  if (text === undefined) return undefined;
  const words = text.split(/\s+/).filter((word) => word !== "");
  const values = words.map(Number);
  if (values.length === count && values.every(Number.isFinite)) return values;
  const expected = count === 1 ? "a number" : `${count} numbers`;
  throw new InputError(`${source}: ${attribute} of ${describe(element)}: found "${text}", expected ${expected}`);
}
