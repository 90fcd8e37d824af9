import { describe, expect, it } from "vitest";
import { encoded, type Vocabulary, wordsOf } from "#src/language/vocabulary.js";

const words = ["<pad>", "<begin>", "<end>", "<unknown>", "put", "the", "red", "block", "don't"];
const vocabulary: Vocabulary = { words, padding: 0, begin: 1, end: 2, unknown: 3 };

describe("words of a text", () => {
  it("are runs of letters and digits in lower case", () => {
    expect(wordsOf("  Put the RED block, then (don't) stop. ")).toEqual([
      "put",
      "the",
      "red",
      "block",
      "then",
      "don't",
      "stop",
    ]);
    expect(wordsOf("Öffne Fach 3b – schnell")).toEqual(["öffne", "fach", "3b", "schnell"]);
    expect(wordsOf("… !")).toEqual([]);
  });
});

describe("a sentence", () => {
  it("is framed by the marks and filled up with padding", () => {
    expect(encoded(vocabulary, "Put the red block", 8)).toEqual({
      ids: [1, 4, 5, 6, 7, 2, 0, 0],
      tokens: ["<begin>", "put", "the", "red", "block", "<end>"],
      unknown: [],
    });
    const bare: Vocabulary = { ...vocabulary, begin: undefined, end: undefined };
    expect(encoded(bare, "red", 3)).toEqual({ ids: [6, 0, 0], tokens: ["red"], unknown: [] });
  });

  it("names words that the vocabulary does not have, once each", () => {
    const { ids, tokens, unknown } = encoded(vocabulary, "put azure, the azure sponge", 8);
    expect(ids).toEqual([1, 4, 3, 5, 3, 3, 2, 0]);
    expect(tokens.slice(1, -1)).toEqual(["put", "azure", "the", "azure", "sponge"]);
    expect(unknown).toEqual(["azure", "sponge"]);
  });

  it("is refused where it is too long, or unknown words have no token", () => {
    expect(() => encoded(vocabulary, "put the red block", 5)).toThrow(
      'instruction "put the red block": 6 tokens; the policy takes 5',
    );
    expect(() => encoded({ ...vocabulary, unknown: undefined }, "put azure", 8)).toThrow(
      'instruction "put azure": "azure": not in the vocabulary, which has no mark for it',
    );
  });
});
