import { parse, stringify } from "yaml";
import { changed } from "../../policy/cards.js";
import type { Choices } from "../choices.js";

type Path = readonly (string | number)[];

const HUGE = "zork1e400";
const VALUES: readonly unknown[] = [
  null,
  true,
  "",
  "zork",
  -1,
  0,
  1,
  1.5,
  1e300,
  2 ** 53,
  -(2 ** 31),
  Number.NaN,
  Number.POSITIVE_INFINITY,
  HUGE,
  [],
  {},
  [[]],
  [1, "zork"],
  { zork: 1 },
  "/",
  "..",
  "a\nb",
  "\u0007\u202e",
];

/** Changes, removes, renames or doubles one value of a YAML or JSON text. */
export const damagedTree =
  (form: "yaml" | "json") =>
  (text: string, c: Choices): readonly [text: string, put: string] => {
    const tree: unknown = parse(text);
    const path = c.pick(pathsOf(tree));
    const how = c.pick(["value", "value", "value", "gone", "name", "more"]);
    const value = c.pick(VALUES);
    const write = (made: unknown) =>
      (form === "yaml" ? stringify(made) : JSON.stringify(made)).replace(/"?zork1e400"?/, "1e400");
    if (path.length === 0) return [write(value), String(value)];
    if (how === "gone") return [write(changed(tree as object, path, undefined)), ""];
    if (how === "name" && typeof path.at(-1) === "string") {
      const renamed = [...path.slice(0, -1), "zork"];
      return [write(changed(changed(tree as object, path, undefined), renamed, value)), String(value)];
    }
    if (how === "more" && typeof path.at(-1) === "number") {
      const list = path.slice(0, -1);
      return [write(changed(tree as object, [...list, 9], value)), String(value)];
    }
    return [write(changed(tree as object, path, value)), String(value)];
  };

function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [path];
  const inner = Object.entries(value).flatMap(([key, item]) =>
    pathsOf(item, [...path, Array.isArray(value) ? Number(key) : key]),
  );
  return [path, ...inner];
}

const XML_VALUES = [
  "",
  "nan",
  "inf",
  "1e999",
  "-1",
  "0",
  "0 0 0",
  "1 2 3 4 5 6 7 8 9",
  "zork",
  "../zork",
  "&lt;",
  "true",
];

/** Changes an attribute of an XML text, or removes or doubles a tag. */
export function damagedXml(text: string, c: Choices): readonly [text: string, put: string] {
  const how = c.pick(["value", "value", "value", "name", "gone", "twice"]);
  const value = c.pick(XML_VALUES);
  const isAttribute = how === "value" || how === "name";
  const places = [...text.matchAll(isAttribute ? /([\w:]+)="([^"]*)"/g : /<[^>]+>/g)];
  if (places.length === 0) return [text, ""];
  const found = c.pick(places);
  const put = { value: `${found[1]}="${value}"`, name: `zork="${found[2]}"`, gone: "", twice: found[0] + found[0] }[
    how
  ];
  return [text.slice(0, found.index) + put + text.slice(found.index + found[0].length), value];
}
