import type { Spec } from "../../parameters/spec.js";
import type { Text, Written } from "./overrides.js";

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
