import { wordsOf } from "../language/vocabulary.js";
import { own } from "../own.js";
import { FEWEST_RUNS, type GoodRun } from "./good-run.js";
import type { ToldReference } from "./told.js";

/** Neighbouring words of a sentence, with its ends. */
export function pairsOf(instruction: string): string[] {
  const words = ["", ...wordsOf(instruction), ""];
  return words.slice(1).map((word, i) => `${words[i]} ${word}`);
}

/** A pair of neighbouring words that was never seen, and how often it would have been, were words in any order. */
interface MissedPair {
  readonly pair: string;
  readonly expected: number;
}

/** Pairs of a sentence that are not among those seen. */
export function missedPairs(
  instruction: string,
  { pairs, times, words }: Pick<ToldReference, "pairs" | "times" | "words">,
): MissedPair[] {
  return pairsOf(instruction)
    .filter((pair) => !pairs.has(pair))
    .map((pair) => {
      const [a, b] = pair.split(" ").map((word) => times.get(word) ?? 0) as [number, number];
      return { pair, expected: (a * b) / words };
    });
}

/** Sum of how often the pairs of a sentence would have been seen that never were: more than 0 speaks against its order. */
export const missed = (found: readonly MissedPair[]): number => found.reduce((sum, { expected }) => sum + expected, 0);

/** Longest cycle of actions that counts as the same again. */
const LONGEST_CYCLE = 4;

/** Actions up to the last one in which what was done before is done again, one action or a cycle of a few. */
export function repeatsOf(chosen: readonly string[]): number {
  let most = 0;
  for (let cycle = 1; cycle <= LONGEST_CYCLE; cycle++) {
    let again = 0;
    for (let i = chosen.length - 1; i >= cycle && chosen[i] === chosen[i - cycle]; i--) again++;
    // A cycle has to come round once before it is one.
    if (again >= cycle) most = Math.max(most, again);
  }
  return most;
}

/** Mean share of the words at the ticks after something was done. @returns NaN where there are none */
function heededIn(run: GoodRun, acting: ReadonlySet<string>): number {
  const shares = run.flatMap(({ told }, i) => {
    const before = run[i - 1]?.told;
    return told && before && acting.has(before.chosen) && !Number.isNaN(told.heeded) ? [told.heeded] : [];
  });
  return shares.reduce((sum, share) => sum + share, 0) / shares.length;
}

/** Undefined for few runs, and for a policy that is told nothing. */
export function toldReference(runs: readonly GoodRun[]): ToldReference | undefined {
  if (runs.length < FEWEST_RUNS || runs.some(([first]) => first?.told === undefined)) return undefined;
  const said = runs.map((run) => run[0]!.told!.instruction);
  const counts = counted(said.flatMap((instruction) => [...new Set(pairsOf(instruction))]));
  const spoken = { times: counted(said.flatMap((one) => ["", ...wordsOf(one)])), words: 0 };
  spoken.words = [...spoken.times.values()].reduce((sum, count) => sum + count, 0);
  const others = { ...spoken, pairs: new Set([...counts].filter(([, count]) => count > 1).map(([pair]) => pair)) };
  const acted = runs.map((run) => run.map(({ told }) => told!.chosen));
  const times = counted(acted.flat());
  const all = acted.flat().length;
  const acting = new Set([...times].filter(([, count]) => count < all / times.size).map(([action]) => action));
  return {
    ...spoken,
    pairs: new Set(counts.keys()),
    missed: Math.max(...said.map((instruction) => missed(missedPairs(instruction, others)))),
    repeats: Math.max(...acted.map((run) => Math.max(...run.map((_, i) => repeatsOf(run.slice(0, i + 1)))))),
    acting,
    moving: movingIn(runs),
    heeded: Math.min(...runs.map((run) => heededIn(run, acting)).filter((share) => !Number.isNaN(share))),
  };
}

function counted(all: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const one of all) counts.set(one, (counts.get(one) ?? 0) + 1);
  return counts;
}

/** Part of the times after which the picture is another one. */
const MOVES = 0.9;

function movingIn(runs: readonly GoodRun[]): ReadonlySet<string> {
  const times = new Map<string, { all: number; moved: number }>();
  for (const run of runs)
    for (let i = 1; i < run.length; i++) {
      const [before, now] = [run[i - 1]!, run[i]!];
      const one = times.get(before.told!.chosen) ?? { all: 0, moved: 0 };
      one.all++;
      one.moved += Number(Object.entries(now.looks).some(([name, { hash }]) => own(before.looks, name)?.hash !== hash));
      times.set(before.told!.chosen, one);
    }
  return new Set([...times].filter(([, { all, moved }]) => moved >= MOVES * all).map(([action]) => action));
}
