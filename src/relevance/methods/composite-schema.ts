import * as z from "zod";
import { RULE_BOOK } from "./rule-book.js";

/** The shape of a composite table's YAML. The error text of every schema says what is *expected* there. */

/** Version of the format that this version reads. */
const COMPOSITE_VERSION = 1;

type RuleName = keyof typeof RULE_BOOK;

const NAMES = Object.keys(RULE_BOOK) as RuleName[];
const oneOrMore = <T extends z.ZodType>(item: T, expected: string) =>
  z.union([item, z.array(item, { error: expected }).min(1, { error: expected })], { error: expected });
const words = <const T extends readonly [string, ...string[]]>(values: T) => {
  const error = `one of ${values.join(", ")}, or a list of them`;
  return oneOrMore(z.enum(values, { error }), error);
};

function isPattern(text: string): boolean {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
}

/** Conditions of a row; a layer must meet all of them. */
const ASKED = {
  /** Operators of the layer or of a node folded into it. */
  operator: oneOrMore(
    z.string({ error: "an operator, as Conv" }),
    "an operator, as Conv, or a list of them",
  ).optional(),
  /** A regular expression that matches a part of the node's name. */
  name: z.string({ error: "a regular expression" }).refine(isPattern, { error: "a regular expression" }).optional(),
  /**
   * `first`: after no other linear layer. `bounded`: reads an image of known range. `hidden`: between. `output`: the
   * torques' layer.
   */
  position: words(["first", "bounded", "hidden", "output"]).optional(),
  kind: words(["convolution", "transposed convolution", "dense", "mixture", "mean"]).optional(),
};

function mapping<Shape extends z.ZodRawShape>(shape: Shape) {
  const keys = Object.keys(shape).join(", ");
  return z.strictObject(shape, {
    error: (issue) => (issue.code === "unrecognized_keys" ? `one of ${keys}` : `a mapping with the keys ${keys}`),
  });
}

const rowOf = (rule: RuleName) =>
  mapping({ rule: z.literal(rule), ...ASKED, ...(RULE_BOOK[rule].parameters as z.ZodRawShape) });
const rowSchema = z.discriminatedUnion("rule", NAMES.map(rowOf) as [ReturnType<typeof rowOf>], {
  error: (issue) =>
    issue.code === "invalid_union" ? `one of ${NAMES.join(", ")}` : "a mapping with a rule and its conditions",
});

export const compositeSchema = mapping({
  torquelens_composite: z.literal(COMPOSITE_VERSION, { error: `${COMPOSITE_VERSION}, the version of the format` }),
  /** The method's name in messages and files. */
  name: z.string({ error: "a name" }).min(1, { error: "a name" }),
  /** Rules of everything but linear layers. */
  operators: z.enum(["positive", "signed"], { error: "positive or signed" }),
  /** The seed of each torque; default: the torque with its sign for `positive`, its size for `signed`. */
  seed: z.enum(["torque", "size"], { error: "torque or size" }).optional(),
  soft_argmax: z.enum(["mass", "winner", "gradient"], { error: "mass, winner or gradient" }).default("mass"),
  /** First match decides. */
  rows: z.array(rowSchema, { error: "a list of rows" }).min(1, { error: "a list of rows" }),
});

export type CompositeTable = z.output<typeof compositeSchema>;

type Asked = z.output<z.ZodObject<typeof ASKED>>;
export type TableRow = Asked & { readonly rule: RuleName } & Readonly<Record<string, unknown>>;
