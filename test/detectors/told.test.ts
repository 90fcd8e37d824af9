import { describe, expect, it } from "vitest";
import { ReferenceBuilder } from "#src/detectors/reference-builder.js";
import type { Seen } from "#src/detectors/seen.js";
import { heededOf, onlyOne, type Told } from "#src/detectors/told.js";
import { pairsOf, repeatsOf } from "#src/detectors/told-reference.js";
import { Watch } from "#src/detectors/watch.js";

const COLOURS = ["red", "blue", "green", "yellow"];
const ACTIONS = [
  "left",
  "right",
  "left",
  "forward",
  "right",
  "left",
  "forward",
  "back",
  "pick",
  "right",
  "left",
  "back",
];

/** A run in which the picture changes with every action. */
function run(number: number, change: (told: Told, i: number) => Partial<Told> = () => ({}), isStill = false): Seen[] {
  const colour = COLOURS[number % COLOURS.length]!;
  return ACTIONS.map((chosen, i) => {
    const told: Told = {
      ...{ instruction: `put the ${colour} block into the bowl`, unknown: [], chosen },
      ...{ previous: i === 0 ? undefined : ACTIONS[i - 1]!, heeded: 0.5 },
    };
    const image = { width: 24, height: 24, data: new Uint8Array(3 * 24 * 24).fill(40 + (isStill ? 0 : 3 * i)) };
    return {
      ...{ stamp: BigInt(i) * 200_000_000n, first: i === 0, images: { image } },
      ...{ joints: [], position: [], velocity: [], torque: [] },
      told: { ...told, ...change(told, i) },
    };
  });
}

const builder = new ReferenceBuilder();
for (let number = 0; number < 8; number++) for (const tick of run(number)) builder.add(tick);
const reference = builder.build()!;

function found(seen: readonly Seen[], withReference = true): [string, number][] {
  const watch = new Watch(withReference ? reference : undefined);
  for (const tick of seen) watch.add(tick);
  return watch.alarms
    .filter(({ isSecondary }) => !isSecondary)
    .map(({ detector, from }): [string, number] => [detector, from]);
}

describe("what a policy is told", () => {
  it("is learned from good runs, in which nothing is found", () => {
    expect(reference.told).toMatchObject({ missed: 0, heeded: 0.5 });
    expect([...reference.told!.acting].sort()).toEqual(["back", "forward", "pick"]);
    expect(found(run(9))).toEqual([]);
    expect(found(run(9), false)).toEqual([]);
  });

  it.each<[string, (told: Told, i: number) => Partial<Told>, number]>([
    ["words_unknown", () => ({ unknown: ["brick"] }), 0],
    ["words_changed", ({ instruction }, i) => (i < 4 ? {} : { instruction: instruction.replace("bowl", "block") }), 4],
    ["words_unfamiliar", () => ({ instruction: "bowl the red into put block the" }), 0],
    ["words_unheeded", (_, i) => (i === 9 ? { heeded: 0.1 } : {}), 9],
    ["other_previous_action", ({ previous }, i) => (i === 5 ? { previous: `${previous} not` } : {}), 5],
    ["repeating", (_, i) => (i < 3 ? {} : { chosen: "pick", previous: "pick" }), 4],
  ])("%s, from its tick on", (name, change, from) => {
    const told = name === "repeating" ? withoutPrevious(change) : change;
    expect(found(run(1, told))).toEqual([[name, from]]);
  });

  it("words that count little at another time are nothing", () => {
    expect(found(run(1, (_, i) => (i === 2 ? { heeded: 0.1 } : {})))).toEqual([]);
  });

  it("a picture that stays the same after actions which change it is frozen, by good runs alone", () => {
    expect(found(run(1, undefined, true))).toEqual([["frozen", 1]]);
    expect(found(run(1, undefined, true), false)).toEqual([]);
  });
});

/** What is not known of the previous action cannot be wrong. */
const withoutPrevious =
  (change: (told: Told, i: number) => Partial<Told>) =>
  (told: Told, i: number): Partial<Told> => ({ ...change(told, i), previous: undefined });

it("actions that are the same again: one, or a cycle that came round", () => {
  expect(repeatsOf(["a", "b", "b", "b"])).toBe(2);
  expect(repeatsOf(["a", "b", "a"])).toBe(0);
  expect(repeatsOf(["a", "b", "a", "b", "a"])).toBe(3);
  expect(repeatsOf(["a"])).toBe(0);
});

it("neighbouring words with the sentence's ends", () => {
  expect(pairsOf("Open it, then")).toEqual([" open", "open it", "it then", "then "]);
});

it("the words' share leaves out what the policy carries", () => {
  const modalities = ["image", "words", "previous_action", "hidden"];
  expect(heededOf(modalities, [0.1, 0.2, 0.1, 0.6], "words", ["image"])).toBeCloseTo(0.5, 12);
  expect(heededOf(modalities, [0, 0, 0, 1], "words", ["image"])).toBeNaN();
});

it("one action among all, or none", () => {
  expect(onlyOne([0, 0, -2])).toBe(2);
  expect(onlyOne([0, 1, 1])).toBeUndefined();
  expect(onlyOne([])).toBeUndefined();
});
