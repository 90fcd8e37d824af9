import { InputError } from "../errors.js";
import { bytesText, LIMITS } from "../limits.js";
import { own } from "../own.js";

/** A number that an attribute states, and its limit. */
interface Count {
  /** From the words of the attributes, in their order. */
  readonly of: (words: readonly string[]) => number;
  readonly attributes: readonly string[];
  readonly limit: number;
  /** How messages tell a value of it. */
  readonly text?: (value: number) => string;
}

const product = (words: readonly string[]): number => words.reduce((all, word) => all * Number(word), 1);
const one =
  (limit: number) =>
  (attribute: string): Count => ({ of: product, attributes: [attribute], limit });

/** Copies of bodies, points of a composite. */
const MOST_COPIES = 1000;
/** Pixels of a texture, points of a height field. */
const MOST_POINTS = 10_000_000;
/** Places in MuJoCo's own tables. */
const MOST_PLACES = 100_000;
/** Rings of a mesh that MuJoCo makes. */
const MOST_RINGS = 300;

/** What makes a small MJCF large, by element. To bound another attribute, add it here. */
const COUNTS: Readonly<Record<string, readonly Count[]>> = {
  composite: [one(MOST_COPIES)("count")],
  flexcomp: [one(MOST_COPIES)("count"), one(MOST_COPIES)("cellcount")],
  texture: [{ of: product, attributes: ["width", "height"], limit: MOST_POINTS }],
  hfield: [{ of: product, attributes: ["nrow", "ncol"], limit: MOST_POINTS }],
  mesh: [{ of: ([first]) => Number(first), attributes: ["params"], limit: MOST_RINGS }],
  size: [
    { of: ([word]) => memoryOf(word!), attributes: ["memory"], limit: LIMITS.unpacked, text: bytesText },
    { of: ([word]) => 8 * Number(word), attributes: ["nstack"], limit: LIMITS.unpacked, text: bytesText },
    ...["njmax", "nconmax", "nuserdata", "nkey"].map(one(MOST_PLACES)),
    ...["body", "jnt", "geom", "site", "cam", "tendon", "actuator", "sensor"].map((kind) =>
      one(MOST_PLACES)(`nuser_${kind}`),
    ),
  ],
  option: [
    "iterations",
    "ls_iterations",
    "noslip_iterations",
    "ccd_iterations",
    "sdf_iterations",
    "sdf_initpoints",
  ].map(one(LIMITS.steps)),
};

const SCALES: Readonly<Record<string, number>> = {
  K: 2 ** 10,
  M: 2 ** 20,
  G: 2 ** 30,
  T: 2 ** 40,
  P: 2 ** 50,
  E: 2 ** 60,
};

/** Bytes of `16M`. */
const memoryOf = (word: string): number => Number.parseFloat(word) * (own(SCALES, word.slice(-1).toUpperCase()) ?? 1);

/** Comments and text that only looks like elements; an element with its attributes, and whether it ends at once. */
const PARTS =
  /<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>|<(\/?)([\w:.-]+)((?:\s+[\w:.-]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(\/?)>/g;
const ATTRIBUTE = /([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g;

/**
 * Checks the texts of an arm's model before MuJoCo compiles them, which would take any time and memory.
 * @param texts the model and what it includes, by name
 * @throws InputError for a number beyond its limit, or for too many copies by `<replicate>` in all texts together
 */
export function checkCounts(texts: ReadonlyMap<string, string>, source: string): void {
  let copies = 1;
  for (const [name, text] of texts) {
    copies *= mostCopies(text, name);
    if (!(copies <= MOST_COPIES))
      throw new InputError(`${source}: <replicate> makes ${copies} copies; ${limitOf(MOST_COPIES)}`);
  }
}

const limitOf = (limit: number, text: (value: number) => string = String): string => `the limit is ${text(limit)}`;

/** Checks the elements of one text, and returns how many copies its innermost `<replicate>` makes. */
function mostCopies(text: string, name: string): number {
  const open: number[] = [];
  let most = 1;
  for (const [, closes, element, attributes = "", ends] of text.matchAll(PARTS)) {
    if (element === undefined) continue;
    if (closes) {
      if (element === "replicate") open.pop();
      continue;
    }
    const values = new Map(Array.from(attributes.matchAll(ATTRIBUTE), ([, key, a, b]) => [key!, (a ?? b)!]));
    for (const count of own(COUNTS, element) ?? []) check(element, values, count, name);
    if (element !== "replicate" || ends) continue;
    open.push((open.at(-1) ?? 1) * Math.max(1, Number(values.get("count") ?? 1)));
    most = Math.max(most, open.at(-1)!);
  }
  return most;
}

function check(element: string, values: ReadonlyMap<string, string>, count: Count, name: string): void {
  const { attributes, limit, of, text = String } = count;
  if (!attributes.every((attribute) => values.has(attribute))) return;
  const words = attributes.flatMap((attribute) =>
    values
      .get(attribute)!
      .split(/\s+/)
      .filter((word) => word !== ""),
  );
  const found = of(words);
  // What is not a number is left to MuJoCo to refuse.
  if (!(found > limit)) return;
  const given = attributes.map((attribute) => `${attribute}="${values.get(attribute)}"`).join(" ");
  throw new InputError(`${name}: <${element} ${given}> is ${text(found)}; ${limitOf(limit, text)}`);
}
