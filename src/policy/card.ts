import { Document, isScalar, isSeq, visit } from "yaml";
import { checkAll, InputError } from "../errors.js";
import { readText } from "../files/reading.js";
import { parseYaml, yamlData } from "../yaml/parse.js";
import { quoteInvisible } from "../yaml/quote.js";
import { checkAttentionModalities } from "./attention.js";
import { type Card, type CardInput, cardSchema } from "./card-schema.js";
import { checkCard, checkNames } from "./check.js";
import { checkConsistency } from "./consistency.js";
import type { Tensors } from "./tensors.js";

/**
 * Reads a policy card from YAML. `source` names the file in error messages.
 * @param tensors of the model that the card is for; without them, `checkCard` tells whether it fits a model
 * @throws InputError with everything that is wrong, a line each: key path, what was found and what was expected
 */
export function parseCard(text: string, source: string, tensors?: Tensors): Card {
  if (text.split("\n").every((line) => /^\s*(#.*|---\s*)?$/.test(line)))
    throw new InputError(
      `${source}: the policy card is empty, expected one ` +
        `(torquelens inspect --template POLICY.onnx -o ${source} writes one to fill in)`,
    );
  let card: Card | undefined;
  const schema = () => {
    card = parseYaml(text, source, cardSchema);
  };
  const names = () => {
    if (card === undefined && tensors) checkNames(yamlData(text, source), tensors, source);
  };
  checkAll([schema, names]);
  const read = card!;
  checkAll([
    () => checkConsistency(read, source),
    () => checkAttentionModalities(read, source),
    () => tensors && checkCard(read, tensors, source),
  ]);
  return read;
}

/**
 * Reads a policy card from a YAML file.
 * @throws InputError for a missing or unreadable file, and as `parseCard`
 */
export async function loadCard(path: string, tensors?: Tensors): Promise<Card> {
  return parseCard(await readText(path, "the policy card"), path, tensors);
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
