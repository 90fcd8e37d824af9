/** A parameter's value as the nodes use it. */
export type Value = boolean | number | string | readonly string[] | readonly number[];

/**
 * When a parameter may be changed: at any time, while the node is unconfigured (also after a clean-up), only at start, or
 * by the program alone, which reports it.
 */
export type Changeable = "always" | "unconfigured" | "start" | "never";

/** Fields of every row of a parameter table. */
export interface Common<T> {
  readonly default: T;
  /** One sentence with the unit, for `ros2 param describe`, the example file and the documentation. */
  readonly description: string;
  readonly changeable: Changeable;
  /** Why a value of the right type is refused, as "expected …"; undefined for a good one. */
  readonly problem?: (value: T) => string | undefined;
}

/** A row of a parameter table. */
export type Spec =
  | ({ readonly type: "bool" } & Common<boolean>)
  | ({ readonly type: "integer"; readonly range: readonly [low: number, high: number] } & Common<number>)
  | ({ readonly type: "double"; readonly range: readonly [low: number, high: number] } & Common<number>)
  | ({ readonly type: "string"; readonly choices?: readonly string[] } & Common<string>)
  | ({ readonly type: "string_array" } & Common<readonly string[]>)
  | ({ readonly type: "double_array" } & Common<readonly number[]>);

/** Parameters by name. */
export type Table = Readonly<Record<string, Spec>>;

/** The type of a row's value. */
export type ValueOf<S extends Spec> = S extends { type: "bool" }
  ? boolean
  : S extends { type: "integer" | "double" }
    ? number
    : S extends { type: "string"; choices: readonly (infer Choice)[] }
      ? Choice
      : S extends { type: "string" }
        ? string
        : S extends { type: "double_array" }
          ? readonly number[]
          : readonly string[];
/** The values of a table. */
export type Values<T extends Table> = { readonly [Name in keyof T]: ValueOf<T[Name]> };

const EXPECTED: Readonly<Record<Spec["type"], string>> = {
  bool: "true or false",
  integer: "a whole number",
  double: "a number",
  string: "a string",
  string_array: "a list of strings",
  double_array: "a list of numbers",
};

/** Type and range of a parameter, for messages. */
export function expected(spec: Spec): string {
  if (spec.type === "string" && spec.choices) return spec.choices.map((choice) => choice || '""').join(" | ");
  const range = spec.type === "integer" || spec.type === "double" ? spec.range : undefined;
  if (!range) return EXPECTED[spec.type];
  const [low, high] = range;
  return `${EXPECTED[spec.type]} from ${low} to ${high}`;
}

/** Why a parameter refuses a value, one line without the parameter's name; undefined for a good one. */
export function problemOf(spec: Spec, value: unknown): string | undefined {
  const misfit = `expected ${expected(spec)}, found ${shown(value)}`;
  switch (spec.type) {
    case "bool":
      if (typeof value !== "boolean") return misfit;
      return spec.problem?.(value);
    case "integer":
    case "double": {
      if (typeof value !== "number" || !Number.isFinite(value)) return misfit;
      if (spec.type === "integer" && !Number.isSafeInteger(value)) return misfit;
      const [low, high] = spec.range;
      return value < low || value > high ? misfit : spec.problem?.(value);
    }
    case "string":
      if (typeof value !== "string" || (spec.choices && !spec.choices.includes(value))) return misfit;
      return spec.problem?.(value);
    case "string_array":
      if (!Array.isArray(value) || !value.every((item) => typeof item === "string")) return misfit;
      return spec.problem?.(value);
    case "double_array":
      if (!Array.isArray(value) || !value.every((item) => Number.isFinite(item))) return misfit;
      return spec.problem?.(value);
  }
}

const shown = (value: unknown): string => {
  const text = typeof value === "number" ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
};
