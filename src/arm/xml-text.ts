import { own } from "../own.js";

const ESCAPED: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

/** An XML element as text. */
export function tag(name: string, attributes: Readonly<Record<string, string | number>>, inner = ""): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(String(value))}"`);
  return inner === "" ? `<${name}${written.join("")}/>` : `<${name}${written.join("")}>${inner}</${name}>`;
}

const escaped = (text: string): string => text.replace(/[&<>"]/g, (character) => own(ESCAPED, character)!);
