import { createHash } from "node:crypto";
import { own } from "../own.js";
import { type Definition, type Field, type MessageType, shortName } from "./definitions.js";

/** Numbers of type_description_interfaces/msg/FieldType; an unbounded sequence adds 144, an array 48, a bounded sequence 96. */
const FIELD_TYPES: Readonly<Record<string, number>> = {
  int8: 2,
  uint8: 3,
  int16: 4,
  uint16: 5,
  int32: 6,
  uint32: 7,
  int64: 8,
  uint64: 9,
  float32: 10,
  float64: 11,
  bool: 15,
  string: 17,
};
const NESTED = 1;
const ARRAY = 48;
const BOUNDED_SEQUENCE = 96;
const UNBOUNDED_SEQUENCE = 144;

/**
 * ROS 2 type hash, version RIHS01: `RIHS01_` and the SHA-256 of the descriptions of the type and of the types that it
 * contains, as rosidl writes them in JSON (REP 2016). Comments, constants and default values are left out.
 */
export function typeHash(type: MessageType): string {
  const [root, ...referenced] = type.definitions.map((definition) => describe(definition, type.name));
  const byName = referenced.sort((a, b) => (a.type_name < b.type_name ? -1 : 1));
  const description = { type_description: root, referenced_type_descriptions: byName };
  return `RIHS01_${createHash("sha256").update(spacedJson(description)).digest("hex")}`;
}

function describe(definition: Definition, rootName: string) {
  return {
    type_name: definition.name ? fullName(definition.name) : rootName,
    fields: definition.definitions
      .filter((field) => !field.isConstant)
      .map((field) => ({ name: field.name, type: describeField(field) })),
  };
}

function describeField(field: Field) {
  const nested = nestedType(field);
  const base = nested ? NESTED : own(FIELD_TYPES, field.type);
  if (base === undefined || field.upperBound !== undefined) {
    throw new Error(`type hash of field ${field.name}: type ${field.type} is not supported`);
  }
  const [offset, capacity] = !field.isArray
    ? [0, 0]
    : field.arrayLength !== undefined
      ? [ARRAY, field.arrayLength]
      : field.arrayUpperBound !== undefined
        ? [BOUNDED_SEQUENCE, field.arrayUpperBound]
        : [UNBOUNDED_SEQUENCE, 0];
  return { type_id: base + offset, capacity, string_capacity: 0, nested_type_name: nested };
}

function nestedType(field: Field): string {
  if (field.type === "time") return "builtin_interfaces/msg/Time";
  if (field.type === "duration") return "builtin_interfaces/msg/Duration";
  return field.isComplex ? fullName(field.type) : "";
}

function fullName(name: string): string {
  return shortName(name).replace("/", "/msg/");
}

/** JSON with a space after every comma and colon, as Python's json.dumps writes it. */
function spacedJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(spacedJson).join(", ")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const members = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${spacedJson(item)}`);
  return `{${members.join(", ")}}`;
}
