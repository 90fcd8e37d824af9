import type { Spec, Value } from "../../parameters/spec.js";
import type { Fields } from "../client/ros.js";

/** rcl_interfaces/msg/ParameterType */
export const TYPES = {
  not_set: 0,
  bool: 1,
  integer: 2,
  double: 3,
  string: 4,
  byte_array: 5,
  bool_array: 6,
  integer_array: 7,
  double_array: 8,
  string_array: 9,
} as const;

/** rcl_interfaces/msg/ParameterValue, every field of it. */
export function toParameterValue(spec: Spec | undefined, value: Value | undefined): object {
  const type = spec === undefined || value === undefined ? "not_set" : spec.type;
  return {
    type: TYPES[type],
    bool_value: type === "bool" ? value : false,
    integer_value: type === "integer" ? BigInt(value as number) : 0n,
    double_value: type === "double" ? value : 0,
    string_value: type === "string" ? value : "",
    byte_array_value: [],
    bool_array_value: [],
    integer_array_value: [],
    double_array_value: type === "double_array" ? Float64Array.from(value as readonly number[]) : [],
    string_array_value: type === "string_array" ? [...(value as readonly string[])] : [],
  };
}

/**
 * The value that a request sets; undefined where it removes the parameter. An integer is accepted for a double, as in
 * files. Values of types that no parameter here has are converted too, to be refused later.
 */
export function fromParameterValue(spec: Spec | undefined, value: Fields): unknown {
  switch (value.type) {
    case TYPES.not_set:
      return undefined;
    case TYPES.bool:
      return value.bool_value;
    case TYPES.integer: {
      const whole = Number(value.integer_value);
      return spec?.type === "string" ? String(whole) : whole;
    }
    case TYPES.double:
      // As in ROS, a double is not accepted for an integer.
      return spec?.type === "integer" ? `${String(value.double_value)} (a double)` : value.double_value;
    case TYPES.string:
      return value.string_value;
    case TYPES.string_array:
      return Array.from(value.string_array_value as Iterable<string>);
    case TYPES.bool_array:
      return Array.from(value.bool_array_value as Iterable<boolean>);
    case TYPES.double_array:
      return Array.from(value.double_array_value as Iterable<number>);
    case TYPES.integer_array:
      return Array.from(value.integer_array_value as Iterable<bigint>, Number);
    case TYPES.byte_array:
      return Array.from(value.byte_array_value as Iterable<number>, Number);
    default:
      return `a value of type ${String(value.type)}`;
  }
}

const HOW: Readonly<Record<Spec["changeable"], string>> = {
  always: "",
  unconfigured: "Can be changed while the node is unconfigured.",
  start: "Can be set only at start.",
  never: "Can only be read.",
};

/** rcl_interfaces/msg/ParameterDescriptor; without a type for an unknown name. */
export function toDescriptor(name: string, spec: Spec | undefined): object {
  const range = spec && (spec.type === "integer" || spec.type === "double") ? spec.range : undefined;
  const choices = spec?.type === "string" && spec.choices ? `One of: ${spec.choices.join(", ")}.` : "";
  return {
    name,
    type: TYPES[spec?.type ?? "not_set"],
    description: spec?.description ?? "",
    additional_constraints: spec ? [choices, HOW[spec.changeable]].filter((text) => text !== "").join(" ") : "",
    read_only: spec?.changeable === "start" || spec?.changeable === "never",
    dynamic_typing: false,
    floating_point_range:
      spec?.type === "double" && range ? [{ from_value: range[0], to_value: range[1], step: 0 }] : [],
    integer_range:
      spec?.type === "integer" && range ? [{ from_value: BigInt(range[0]), to_value: BigInt(range[1]), step: 1n }] : [],
  };
}

/** Names below the prefixes down to `depth` (0: all), and their own prefixes. rcl_interfaces/srv/ListParameters. */
export function listed(
  names: readonly string[],
  prefixes: readonly string[],
  depth: number,
): { names: string[]; prefixes: string[] } {
  const dots = (name: string): number => name.split(".").length - 1;
  const found = names.filter((name) => {
    if (prefixes.length === 0) return depth === 0 || dots(name) < depth;
    return prefixes.some((prefix) => {
      if (name === prefix) return true;
      return name.startsWith(`${prefix}.`) && (depth === 0 || dots(name.slice(prefix.length)) <= depth);
    });
  });
  const above = found.filter((name) => name.includes(".")).map((name) => name.slice(0, name.lastIndexOf(".")));
  return { names: found, prefixes: [...new Set(above)] };
}
