import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { HuggingFaceTokenizer } from "#src/language/huggingface.js";

interface Reference {
  readonly tokenizer: object;
  readonly size: number;
  readonly expected: readonly { readonly text: string; readonly ids: number[]; readonly tokens: string[] }[];
}

const reference = (name: string): Reference =>
  JSON.parse(readFileSync(new URL(`../data/tokenizers/${name}.json`, import.meta.url), "utf8")) as Reference;

const made = (tokenizer: object, padding?: string, config?: object) =>
  new HuggingFaceTokenizer({ path: "tokenizer.json", files: ["tokenizer.json"], tokenizer, config }, padding);

describe("a HuggingFace tokenizer", () => {
  it.each([
    ["word-piece", "[PAD]"],
    ["byte-pairs", "<|endoftext|>"],
    ["words", undefined],
  ])("makes the tokens of the tokenizers package: %s", (name, padding) => {
    const { tokenizer, size, expected } = reference(name);
    const ours = made(tokenizer, padding);
    expect(ours.size).toBe(size);
    for (const { text, ids, tokens } of expected) {
      const found = ours.encode(text, 80);
      expect(found.ids, text).toEqual([...ids, ...Array(80 - ids.length).fill(0)]);
      // An unknown word of a tokenizer of whole words keeps its own text.
      expect(found.tokens, text).toEqual(tokens.map((token, i) => (token === "<unk>" ? found.tokens[i] : token)));
    }
  });

  it("names words that it does not know; bytes know all", () => {
    const { tokenizer } = reference("words");
    expect(made(tokenizer).encode("put the azure sponge, azure", 9).unknown).toEqual(["azure", "sponge"]);
    expect(made(reference("byte-pairs").tokenizer, "<|endoftext|>").encode("azure", 9).unknown).toEqual([]);
  });

  it("refuses a sentence that is too long, no padding, and what is no tokenizer", () => {
    const { tokenizer } = reference("words");
    expect(() => made(tokenizer).encode("put the red block", 3)).toThrow(
      'instruction "put the red block": 4 tokens; the policy takes 3',
    );
    expect(() => made(reference("byte-pairs").tokenizer)).toThrow("it names no padding, expected the padding's token");
    expect(() => made(tokenizer, "<x>")).toThrow('it has no token "<x>"');
    expect(made(reference("word-piece").tokenizer, undefined, { pad_token: "[PAD]" }).encode("red", 4).ids.at(-1)).toBe(
      0,
    );
    expect(() => made({ hello: 1 })).toThrow(/^tokenizer\.json: not a tokenizer that can be read/);
  });
});
