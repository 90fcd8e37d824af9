import { readFile } from "node:fs/promises";
import { Document, isScalar, isSeq, parseDocument, visit } from "yaml";
import { InputError } from "../errors.js";
import { schemaError } from "./card-errors.js";
import { type Card, type CardInput, cardSchema } from "./card-schema.js";
import { checkConsistency } from "./consistency.js";

/**
 * Reads a policy card from YAML. `source` names the file in error messages.
 * Throws InputError, one line naming the key path, what was found and what was expected, for anything wrong within
 * the card; whether it fits a model is for `checkCard`.
 */
export function parseCard(text: string, source: string): Card {
  const data = yamlData(text, source);
  const result = cardSchema.safeParse(data);
  if (!result.success) throw schemaError(source, data, result.error.issues);
  checkConsistency(result.data, source);
  return result.data;
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
  return document.toString({ lineWidth: 120, flowCollectionPadding: false });
}

function yamlData(text: string, source: string): unknown {
  const document = parseDocument(text, { prettyErrors: true });
  const problem = document.errors[0] ?? document.warnings[0];
  if (problem !== undefined) {
    const line = problem.linePos?.[0]?.line;
    const what = problem.message.split("\n")[0]!.replace(/ at line \d+, column \d+:?$/, "");
    throw new InputError(`${source}: not YAML${line === undefined ? "" : `, line ${line}`}: ${what}`);
  }
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw new InputError(`${source}: not YAML: ${reason(error)}`);
  }
}

const reason = (error: unknown): string => {
  const { code, message } = error as NodeJS.ErrnoException;
  return code === "ENOENT" ? "no such file" : (code ?? message);
};
