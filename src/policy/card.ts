import { readFile } from "node:fs/promises";
import { Document, isScalar, isSeq, visit } from "yaml";
import { InputError } from "../errors.js";
import { parseYaml } from "../yaml/parse.js";
import { quoteInvisible } from "../yaml/quote.js";
import { type Card, type CardInput, cardSchema } from "./card-schema.js";
import { checkConsistency } from "./consistency.js";

/**
 * Reads a policy card from YAML. `source` names the file in error messages.
 * Throws InputError, one line naming the key path, what was found and what was expected, for anything wrong within
 * the card; `checkCard` tells whether it fits a model.
 */
export function parseCard(text: string, source: string): Card {
  const card = parseYaml(text, source, cardSchema);
  checkConsistency(card, source);
  return card;
}

/** Reads a policy card from a YAML file. Throws InputError for a missing or unreadable file, and as `parseCard`. */
export async function loadCard(path: string): Promise<Card> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw new InputError(`${path}: cannot read the policy card (${reason(error)})`);
  }
  return parseCard(text, path);
}

/** Writes a card as YAML that `parseCard` reads back to the same card. */
export function serialiseCard(card: CardInput): string {
  const document = new Document(card);
  visit(document, {
    Seq: (_key, list) => {
      if (isSeq(list)) list.flow = list.items.every(isScalar);
    },
  });
  quoteInvisible(document);
  return document.toString({ lineWidth: 120, flowCollectionPadding: false });
}

const reason = (error: unknown): string => {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === "ENOENT" ? "no such file" : (code ?? message);
};
