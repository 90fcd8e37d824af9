import { expect, it } from "vitest";
import { Document, parse } from "yaml";
import { visible } from "#src/text/visible.js";
import { quoteInvisible } from "#src/yaml/quote.js";

it("a document that is shown is the same document", () => {
  const content = { "na\u202eme": ["el\u001bbow", "plain", "emoji 🦾", 3, "two\nlines"], "sha\u200bpe": "\u009b" };
  const document = new Document(content);
  quoteInvisible(document);
  const shown = visible(document.toString());
  expect(shown).not.toBe(document.toString());
  expect(parse(shown)).toEqual(content);
});
