import { expect, test } from "vitest";
import { wordLinesOf, wordsSection } from "#src/analysis/page/words.js";
import { wordsAt } from "#src/analysis/run.js";
import { identityOf, RunBuilder } from "#src/analysis/run-builder.js";
import { toExplanation } from "#src/messages/explanation.js";
import { Html } from "#src/page/html.js";
import { partsOfLargest, wordShade } from "#src/text/word-shade.js";
import { sampleExplanation } from "../messages/sample.js";

const TOKENS = ["<begin>", "open", "it", "<end>"];

/** A run of three ticks; the policy is told one thing, then another, and nothing is computed at the last one. */
function run() {
  const sample = sampleExplanation();
  const told = (tick: number, text: string, tokens: readonly string[], relevance: number[]) => {
    const level = relevance.length > 0 ? ("full" as const) : ("skip" as const);
    const message = toExplanation({
      ...sample,
      level,
      flags: [],
      observation: { ...sample.observation, tick, stamp: BigInt(tick) * 1_000_000_000n },
      modalities: [...sample.modalities.slice(0, -1), "language"],
      relevance: { language: Float32Array.from(relevance) },
      instruction: { text, modality: "language", tokens, unknown: [], relevance: Float32Array.from(relevance) },
    });
    return message;
  };
  const messages = [
    told(0, "open it", TOKENS, [0, 2, -1, 0, 9]),
    told(1, "open it", TOKENS, [0, 4, 3, 0, 9]),
    told(2, "stop", ["<begin>", "stop", "<end>"], []),
  ];
  const builder = new RunBuilder(identityOf(messages[0]!), "bag");
  for (const message of messages) builder.add(message, message.tick);
  return builder.build({ bag: "bag", episode: 0, bagStart: 0n, messages: new Map() });
}

test("a run keeps what was told at each tick, and the relevance of its tokens without padding", () => {
  const found = run();
  expect(found.identity.instructionModality).toBe("language");
  expect(wordsAt(found, 0)).toEqual({ text: "open it", tokens: TOKENS, relevance: Float32Array.of(0, 2, -1, 0) });
  expect(wordsAt(found, 1)!.relevance).toEqual(Float32Array.of(0, 4, 3, 0));
  expect(wordsAt(found, 2)).toEqual({
    text: "stop",
    tokens: ["<begin>", "stop", "<end>"],
    relevance: new Float32Array(0),
  });
});

test("lines of words: the mean of each sentence, then the words at moments", () => {
  const lines = wordLinesOf(run());
  expect(lines.map(({ head }) => head)).toEqual(["mean", "0.0 s", "1.0 s"]);
  expect(Array.from(lines[0]!.relevance)).toEqual([0, 3, 1, 0]);
  const section = wordsSection(lines);
  expect(section).toBeInstanceOf(Html);
  const { text } = section as Html;
  // Of the first tick: 2 is the largest, −1 half of it.
  expect(text).toContain(`<span style="background:${wordShade(1)}" title="2.00">open</span>`);
  expect(text).toContain(`<span style="background:${wordShade(-0.5)}"`);
  expect(wordsSection([])).toBe("");
});

test("shades: red above zero, blue below, none at zero", () => {
  expect([1, 0.5, -1, 0].map(wordShade)).toEqual([
    "rgba(224, 49, 39, 0.75)",
    "rgba(224, 49, 39, 0.38)",
    "rgba(43, 108, 214, 0.75)",
    "transparent",
  ]);
  expect(partsOfLargest([1, -4, 2])).toEqual([0.25, -1, 0.5]);
  expect(partsOfLargest([0, 0])).toEqual([0, 0]);
});
