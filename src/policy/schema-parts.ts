import * as z from "zod";

/** Parts of the policy card's schema; each says what is expected there. */

/** Numbers of the card become float32: none may be infinite there, and none above 0 may be 0. */
const FITS = "that a 32-bit float can hold";
export const finite = (expected: string) =>
  z
    .number({ error: expected })
    .refine((value) => Number.isFinite(Math.fround(value)), { error: `${expected} ${FITS}` });
export const positive = (expected: string) =>
  finite(expected)
    .positive({ error: expected })
    .refine((value) => !(value > 0) || Math.fround(value) > 0, { error: `${expected} ${FITS}` });
export const text = (expected: string) => z.string({ error: expected }).min(1, { error: expected });
export const count = (least: number, expected: string) => z.int({ error: expected }).min(least, { error: expected });
export const list = <T extends z.ZodType>(item: T, expected: string) =>
  z.array(item, { error: expected }).min(1, { error: expected });
export const choice = <const T extends readonly string[]>(values: T) =>
  z.enum(values, { error: `${values.slice(0, -1).join(", ")} or ${values.at(-1)}` });

export function mapping<T extends z.ZodRawShape>(shape: T) {
  const keys = Object.keys(shape).join(", ");
  return z.strictObject(shape, {
    error: (issue) => (issue.code === "unrecognized_keys" ? `one of ${keys}` : `a mapping with the keys ${keys}`),
  });
}

export const statistic = (what: string) => list(finite("a number"), `a list of numbers, one per ${what}`);
export const deviation = (what: string) =>
  list(positive("a number above 0"), `a list of numbers above 0, one per ${what}`);

export const modalityName = z
  .string({ error: "a modality name" })
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, { error: "a modality name of letters, digits and underscores" });
