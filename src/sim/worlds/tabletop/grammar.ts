import type { Random } from "../../random.js";
import type { SubGoal } from "./goals.js";
import { COLOURS, type Kind, type Thing } from "./things.js";

/** Tokens of an instruction, with those that begin and end it. */
export const INSTRUCTION_LENGTH = 24;

const PUT = ["put", "place", "set", "lay"];
const INTO = ["into", "in", "inside"];
const OPEN = ["open", "pull open"];
const CLOSE = ["close", "shut"];
const HOLD = ["pick up", "take", "grab", "lift"];
const NOUNS: Readonly<Record<Kind, readonly string[]>> = {
  block: ["block", "cube", "brick"],
  ball: ["ball", "sphere"],
  cup: ["cup", "mug"],
  bowl: ["bowl", "dish"],
  drawer: ["drawer"],
};
const THEN = [", then ", " then ", " and ", ", and then ", "; "];

/** Words of the instructions, after four marks: padding, begin, end and unknown. Their places are their tokens. */
export const VOCABULARY: readonly string[] = [
  "<pad>",
  "<begin>",
  "<end>",
  "<unknown>",
  ...new Set(
    ["the", "it", ...COLOURS, ...PUT, ...INTO, ...OPEN, ...CLOSE, ...HOLD, ...Object.values(NOUNS).flat(), ...THEN]
      .flatMap((text) => text.match(/[a-z]+/g) ?? [])
      .sort(),
  ),
];

/**
 * A sentence for sub-goals, one of many: verbs, nouns, prepositions and connections have synonyms, articles may be left
 * out, two things that go into the same container share a clause, a drawer that was just used may be "it", and a colour
 * is left out at times where the kind alone tells.
 */
export function sentenceFor(things: readonly Thing[], goals: readonly SubGoal[], numbers: Random): string {
  const of = (words: readonly string[]): string => words[numbers.integer(words.length)]!;
  const likely = (chance: number): boolean => numbers.uniform() < chance;
  const article = likely(0.85) ? "the " : "";
  const name = (thing: number, mayBeShort: boolean): string => {
    const { kind, colour } = things[thing]!;
    const isOnly = things.filter((other) => other.kind === kind).length === 1;
    const short = mayBeShort && isOnly && likely(0.3);
    return `${article}${short ? "" : `${colour} `}${of(NOUNS[kind])}`;
  };
  const clauses: string[] = [];
  for (let i = 0; i < goals.length; i++) {
    const goal = goals[i]!;
    if (goal.kind === "hold") clauses.push(`${of(HOLD)} ${name(goal.thing, true)}`);
    else if (goal.kind !== "put") {
      const last = goals[i - 1];
      const isIt = last?.kind === "put" && last.into === goal.thing && likely(0.6);
      clauses.push(`${of(goal.kind === "open" ? OPEN : CLOSE)} ${isIt ? "it" : name(goal.thing, true)}`);
    } else {
      let what = name(goal.thing, true);
      const next = goals[i + 1];
      if (next?.kind === "put" && next.into === goal.into && likely(0.7)) {
        what += ` and ${name(next.thing, true)}`;
        i++;
      }
      clauses.push(`${of(PUT)} ${what} ${of(INTO)} ${name(goal.into, true)}`);
    }
  }
  return clauses.reduce((text, clause) => `${text}${of(THEN)}${clause}`);
}
