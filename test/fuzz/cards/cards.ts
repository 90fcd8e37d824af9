import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { stringify } from "yaml";
import { InputError } from "#src/errors.js";
import { parseCard, serialiseCard } from "#src/policy/card.js";
import type { CardInput } from "#src/policy/card-schema.js";
import { changed } from "../../policy/cards.js";
import { Choices, choices } from "../choices.js";
import { failed } from "../failed.js";
import { kind } from "../kind.js";
import { cardDecisions, cardOf } from "./card.js";

interface CardCase {
  readonly card: readonly [number, number];
  readonly damage: { readonly how: "none" | "type" | "unknown key" | "missing" | "text"; readonly where: number };
}

/** Random sound cards are the same after writing and reading; a damaged one is refused with the key's name. */
export const cards = kind<CardCase>({
  name: "cards",
  about: "random policy cards: written and read again, and damaged",
  cases: fc.record({
    card: cardDecisions,
    damage: fc.record({
      how: fc.constantFrom("none", "type", "type", "unknown key", "missing", "text"),
      where: choices,
    }),
  }),
  holds: ({ card: [n, m], damage: { how, where } }) => {
    const card = cardOf(n, m);
    const parsed = parseCard(stringify(card), "c.yaml");
    const maps = { attention: {}, state: {}, reference: {} };
    const defaults = { ...maps, feature_points: { origin: "policy" }, missing_velocity: "refuse" };
    if (!isDeepStrictEqual(parsed, { ...defaults, ...card })) failed(`read as ${JSON.stringify(parsed)}`);
    const text = serialiseCard(card);
    if (!isDeepStrictEqual(parseCard(text, "c.yaml"), parsed)) failed(`changed by writing: ${text}`);
    if (serialiseCard(parseCard(serialiseCard(parsed), "c.yaml")) !== serialiseCard(parsed))
      failed(`written twice: ${text}`);
    if (how === "text") return damagedText(text, where);
    if (how === "none") return "sound";
    const c = new Choices(where);
    const places = placesOf(card, how);
    const { path, value } = c.pick(places);
    const reason = refusal(stringify(changed(card, path, value)));
    if (reason === undefined) return failed(`${textOf(path)} ${how}: taken for a card`);
    if (!reason.startsWith(`c.yaml: ${textOf(path)}`)) failed(`${how} at ${textOf(path)}: ${reason}`);
    if (how === "missing" && !reason.includes("missing")) failed(`${textOf(path)} is missing: ${reason}`);
    if (how === "unknown key" && !reason.includes("unknown key")) failed(`${textOf(path)} is unknown: ${reason}`);
    return how;
  },
});

type Path = readonly (string | number)[];

/** Keys of mappings that may hold anything. */
const FREE = new Set(["inputs", "attention", "state", "reference", "training"]);
const REQUIRED = new Set([
  "torquelens_card",
  "name",
  "control_period",
  "joints",
  "torque",
  "output",
  "inputs",
  "modality",
  "encoding",
  "layout",
  "range",
  "start",
]);

/** Where a card can be damaged in one way, and what to put there. */
function placesOf(card: CardInput, how: string): { path: Path; value: unknown }[] {
  const places: { path: Path; value: unknown }[] = [];
  const walk = (value: unknown, path: Path): void => {
    const key = path.at(-1);
    const isFree = path.length === 1 && FREE.has(key as string);
    const isMapping = typeof value === "object" && value !== null && !Array.isArray(value);
    if (path[0] === "training" && path.length > 1) return;
    if (path.length > 0 && how === "type") places.push({ path, value: isFree ? 3.5 : isMapping ? 7 : { bogus: 1 } });
    if (isMapping && !isFree && how === "unknown key") places.push({ path: [...path, "zork"], value: 1 });
    if (how === "missing" && isMapping && !isFree)
      for (const name of Object.keys(value))
        if (REQUIRED.has(name)) places.push({ path: [...path, name], value: undefined });
    if (Array.isArray(value)) for (const [i, item] of value.entries()) walk(item, [...path, i]);
    else if (isMapping) for (const [name, item] of Object.entries(value)) walk(item, [...path, name]);
  };
  walk(card, []);
  return places;
}

const textOf = (path: Path): string =>
  path
    .map((key, i) =>
      typeof key === "number"
        ? `[${key}]`
        : /^[A-Za-z_]\w*$/.test(key)
          ? `${i > 0 ? "." : ""}${key}`
          : `[${JSON.stringify(key)}]`,
    )
    .join("");

/** The one line that a card is refused with; undefined for a card. */
function refusal(text: string): string | undefined {
  try {
    parseCard(text, "c.yaml");
    return undefined;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    if (!/^c\.yaml: [^\n]+$/.test(error.message)) failed(`not one line of the file: ${error.message}`);
    return error.message;
  }
}

const INSERTED = ["\t", "[", "}", ": ", "\n- ", "&a ", "*a", "!!int ", "\u0000", "|", "<<: 3\n", "%", '"'];

/** A character more or some less anywhere: a card all the same, or one line. */
function damagedText(text: string, where: number): string {
  const c = new Choices(where);
  const piece = c.pick(INSERTED);
  const less = c.below(4);
  const at = c.below(text.length);
  return refusal(text.slice(0, at) + piece + text.slice(at + less)) === undefined ? "text, a card" : "text, refused";
}
