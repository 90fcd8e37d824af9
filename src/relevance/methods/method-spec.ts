import * as z from "zod";
import { InputError } from "../../errors.js";
import { own, put } from "../../own.js";
import type { Attribution } from "../contract/attribution.js";
import type { Network } from "../contract/facts.js";
import type { Contrasts, Method } from "../contract/method.js";
import type { Rules } from "../contract/rules.js";
import { followed } from "../tiles/followed.js";

/**
 * A method in the table, without values of its options. As in the card's schema, the error text of every option's
 * schema says what is *expected*; its description is shown in lists and help.
 */
export interface MethodEntry {
  readonly name: string;
  readonly title: string;
  readonly cite: string;
  readonly conserves: boolean;
  readonly linear: boolean;
  /** What the method can contrast (`Method`), with these options where they decide. */
  readonly contrasts: Contrasts | ((options: Record<string, unknown>) => Contrasts);
  /** As `Method`. */
  readonly regions?: boolean;
  readonly options: z.ZodObject;
  /** @throws InputError for options that do not fit each other */
  make(options: Record<string, unknown>): (network: Network) => Attribution;
}

interface Entry<Shape extends z.ZodRawShape> extends Omit<MethodEntry, "options" | "make" | "contrasts"> {
  readonly contrasts: Contrasts | ((options: z.output<z.ZodObject<Shape>>) => Contrasts);
  readonly options?: Shape;
}

/** A method whose attribution is one pass of rules from the torques to the inputs. */
export function ruled<Shape extends z.ZodRawShape>(
  entry: Entry<Shape> & { readonly rules: (options: z.output<z.ZodObject<Shape>>) => Omit<Rules, "linear"> },
): MethodEntry {
  const { rules, ...rest } = entry;
  return method<Shape>({
    ...rest,
    make: (options) => {
      const made = { ...rules(options), linear: entry.linear };
      return (network) => {
        const found = followed(network, made);
        const acts = made.acts === undefined || found.rules.some(({ rule }) => rule === made.acts);
        const warning = `method ${entry.name}: found no ReLU in this policy, so it is the plain gradient`;
        return acts ? found : { ...found, warnings: [warning] };
      };
    },
  });
}

/** A method whose attribution is computed in another way. */
export function method<Shape extends z.ZodRawShape>(
  entry: Entry<Shape> & {
    readonly make: (options: z.output<z.ZodObject<Shape>>) => (network: Network) => Attribution;
  },
): MethodEntry {
  const options = z.strictObject(entry.options ?? ({} as Shape));
  type Values = z.output<z.ZodObject<Shape>>;
  const { make, contrasts } = entry;
  return {
    ...entry,
    options,
    make: (values) => make(values as Values),
    contrasts: typeof contrasts === "function" ? (values) => contrasts(values as Values) : contrasts,
  };
}

/** Bounds of a number: above one and at most another, or at least one and at most another. */
export type Bounds = { readonly most: number } & ({ readonly above: number } | { readonly least: number });

const isWithin = (x: number, bounds: Bounds): boolean =>
  x <= bounds.most && ("above" in bounds ? x > bounds.above : x >= bounds.least);

/** Bounds as errors tell them. */
const boundsText = (bounds: Bounds): string =>
  `${"above" in bounds ? `above ${bounds.above}` : `of at least ${bounds.least}`} and at most ${bounds.most}`;

/** A number option within its bounds; the list of methods tells the largest value. */
export function number(fallback: number, about: string, bounds: Bounds & { readonly whole?: boolean }) {
  const { whole = false } = bounds;
  const expected = `a ${whole ? "whole " : ""}number ${boundsText(bounds)}`;
  return z.coerce
    .number({ error: expected })
    .refine((x) => isWithin(x, bounds) && (!whole || Number.isInteger(x)), { error: expected })
    .default(fallback)
    .describe(`${about}; at most ${bounds.most}`);
}

/** A number of a composite file within its bounds. */
export function bounded(bounds: Bounds) {
  const error = `a number ${boundsText(bounds)}`;
  return z.number({ error }).refine((x) => isWithin(x, bounds), { error });
}

/** Largest weight or stabiliser that a rule takes: beyond it float32 has no digits left for the rest. */
export const MOST_WEIGHT = 1e6;

/** An option with one of a few words; the first is the default. */
export function choice<const T extends readonly [string, ...string[]]>(values: T, about: string) {
  return z
    .enum(values, { error: `one of ${values.join(", ")}` })
    .default(values[0] as z.output<z.ZodEnum<{ [K in T[number]]: K }>>)
    .describe(about);
}

/** A yes or no option, no by default. */
export function flag(about: string) {
  return z
    .union([z.boolean(), z.enum(["true", "false"]).transform((x) => x === "true")], { error: "true or false" })
    .default(false)
    .describe(about);
}

/** Splits `name:option=value,option=value`. @throws InputError for another form */
export function parseSpec(spec: string): { readonly name: string; readonly values: Record<string, string> } {
  const [, name, list] = /^([^:]*)(?::(.*))?$/s.exec(spec)!;
  const values: Record<string, string> = {};
  for (const pair of list === undefined ? [] : list.split(",")) {
    const at = pair.indexOf("=");
    if (at < 1) throw new InputError(`method ${spec}: found "${pair}", expected option=value`);
    const key = pair.slice(0, at).trim();
    if (Object.hasOwn(values, key)) throw new InputError(`method ${spec}: option ${key} is given twice`);
    put(values, key, pair.slice(at + 1).trim());
  }
  return { name: name!.trim(), values };
}

/** Sets an entry's options. @throws InputError for an unknown option or an invalid value */
export function configure(entry: MethodEntry, values: Readonly<Record<string, unknown>>): Method {
  const parsed = entry.options.safeParse(values);
  if (!parsed.success) throw optionError(entry, values, parsed.error.issues[0]!);
  const defaults = entry.options.parse({});
  const changed = Object.entries(parsed.data).filter(
    ([key, value]) => value !== undefined && value !== own(defaults, key),
  );
  const { name, title, cite, conserves, linear, regions } = entry;
  const spec = changed.length > 0 ? `${name}:${changed.map(([key, value]) => `${key}=${value}`).join(",")}` : name;
  const attribute = entry.make(parsed.data);
  const contrasts = typeof entry.contrasts === "function" ? entry.contrasts(parsed.data) : entry.contrasts;
  const known = { name, spec, origin: { spec }, title, cite, conserves, linear, contrasts };
  return { ...known, ...(regions && { regions }), attribute };
}

function optionError(
  { name, options }: MethodEntry,
  values: Readonly<Record<string, unknown>>,
  issue: z.core.$ZodIssue,
) {
  const known = Object.keys(options.shape);
  if (issue.code === "unrecognized_keys") {
    const expected = known.length > 0 ? `one of ${known.join(", ")}` : "none: it has no options";
    return new InputError(`method ${name}: unknown option ${issue.keys[0]}, expected ${expected}`);
  }
  const key = String(issue.path[0]);
  return new InputError(
    `method ${name}: option ${key}: found ${JSON.stringify(own(values, key))}, expected ${issue.message}`,
  );
}
