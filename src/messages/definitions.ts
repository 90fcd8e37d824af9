import { readFileSync } from "node:fs";
import { parse, stringify } from "@foxglove/rosmsg";
import { ros2jazzy } from "@foxglove/rosmsg-msgs-common";
import { own } from "../own.js";
import { packageUrl } from "../package-files.js";

/** One parsed message type of a schema; the first of a list is the message itself, the others its dependencies. */
export type Definition = ReturnType<typeof parse>[number];
export type Field = Definition["definitions"][number];

export interface MessageType {
  /** Full name, `package/msg/Name`. */
  readonly name: string;
  /** Schema in the encoding `ros2msg`: the message's text, then each dependency after a line of `=` and `MSG: package/Name`. */
  readonly schema: string;
  readonly definitions: readonly Definition[];
}

const OWN_PACKAGE = "torquelens";
const OWN_DIRECTORY = packageUrl("msg/");
const SEPARATOR = "=".repeat(80);
const COMMON = ros2jazzy as Readonly<Record<string, Definition>>;

const known = new Map<string, MessageType>();

/** `package/msg/Name` → `package/Name`, the form inside schemas. */
export function shortName(name: string): string {
  return name.replace("/msg/", "/");
}

/**
 * A message type: of this package from `msg/*.msg`, others from the common ROS 2 definitions.
 * @throws Error naming a type that has no definition
 */
export function messageType(name: string): MessageType {
  let type = known.get(name);
  if (!type) {
    const schema = schemaText(shortName(name));
    type = { name, schema, definitions: parse(schema, { ros2: true }) };
    known.set(name, type);
  }
  return type;
}

/** True for the types of this package. */
export const isOwnType = (name: string): boolean => name.startsWith(`${OWN_PACKAGE}/`);

/** True for the types of the common ROS 2 definitions. */
export const isCommon = (name: string): boolean => Object.hasOwn(COMMON, shortName(name));

/**
 * Schema of a message and of all types that it contains.
 * @param root `package/Name`
 * @param more definitions by `package/Name`, preferred to those known here
 * @throws Error naming a type that has no definition
 */
export function schemaText(root: string, more: ReadonlyMap<string, string> = new Map()): string {
  const textOf = (name: string) => more.get(name) ?? ownText(name);
  const texts = new Map([[root, textOf(root)]]);
  for (const [name, text] of texts) {
    for (const dependency of dependencies(name, text)) {
      if (!texts.has(dependency)) texts.set(dependency, textOf(dependency));
    }
  }
  return [...texts]
    .map(([name, text]) => (name === root ? text : `${SEPARATOR}\nMSG: ${name}\n${text}`))
    .map((text) => (text.endsWith("\n") ? text : `${text}\n`))
    .join("");
}

function ownText(name: string): string {
  const [packageName, message] = name.split("/");
  if (packageName === OWN_PACKAGE) return readFileSync(new URL(`${message}.msg`, OWN_DIRECTORY), "utf8");
  const definition = own(COMMON, name);
  if (!definition) throw new Error(`message type ${name}: neither in msg/ nor among the common ROS 2 definitions`);
  // The parser names builtin_interfaces/Time and Duration as ROS 1 does.
  return stringify([definition])
    .replace(/^time\b/gm, "builtin_interfaces/Time")
    .replace(/^duration\b/gm, "builtin_interfaces/Duration");
}

/** Complex types named in a message's text, in order; a name without a package is of the same package. */
function dependencies(name: string, text: string): string[] {
  const types = (parse(text, { ros2: true, skipTypeFixup: true })[0]?.definitions ?? []).flatMap((field) => {
    if (field.type === "time") return "builtin_interfaces/Time";
    if (field.type === "duration") return "builtin_interfaces/Duration";
    if (!field.isComplex) return [];
    return field.type.includes("/") ? shortName(field.type) : `${name.split("/")[0]}/${field.type}`;
  });
  return [...new Set(types)];
}
