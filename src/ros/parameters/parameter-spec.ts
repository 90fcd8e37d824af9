import type { Text, Written } from "./overrides.js";

/** A parameter's value as the nodes use it. */
export type Value = boolean | number | string | readonly string[] | readonly number[];

/**
 * When a parameter may be changed: at any time, while the node is unconfigured (also after a clean-up), or only at
 * start.
 */
export type Changeable = "always" | "unconfigured" | "start";

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
  | ({ readonly type: "integer"; readonly range?: readonly [low: number, high: number] } & Common<number>)
  | ({ readonly type: "double"; readonly range?: readonly [low: number, high: number] } & Common<number>)
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
  if (high === Number.POSITIVE_INFINITY) return `${EXPECTED[spec.type]}, ${low} or more`;
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
      const [low, high] = spec.range ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
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

/** Words that ROS 2 reads as a bool in parameter files; also Capitalised and UPPER CASE. */
const WORDS: readonly (readonly [word: string, truth: boolean])[] = [
  ...["true", "yes", "on", "y"].map((word) => [word, true] as const),
  ...["false", "no", "off", "n"].map((word) => [word, false] as const),
];
const TRUTH: ReadonlyMap<string, boolean> = new Map(
  WORDS.flatMap(([word, truth]) => {
    const forms = [word, word.toUpperCase(), word[0]!.toUpperCase() + word.slice(1)];
    return forms.map((form) => [form, truth] as const);
  }),
);

const NUMBER = /^[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|0[xX][\da-fA-F]+)$/;

/**
 * Reads a value from a file or an argument by the parameter's type; an integer is accepted for a double. A value that
 * does not fit is returned as written, for `problemOf` to refuse.
 */
export function valueFrom(spec: Spec, written: Written): unknown {
  if (spec.type === "double_array" && !("text" in written)) return written.map((item) => scalar(spec, item));
  if (!("text" in written)) return written.map(({ text }) => text);
  return scalar(spec, written);
}

function scalar({ type }: Spec, { text, quoted }: Text): unknown {
  if (type === "string" || quoted) return text;
  if (type === "bool") return TRUTH.get(text) ?? text;
  return NUMBER.test(text) ? Number(text) : text;
}
