import { InputError } from "../errors.js";
import { traitsOf } from "../graph/traits.js";
import type { Graph, Value } from "../graph/value.js";
import { HuggingFaceTokenizer, type TokenizerFiles } from "../language/huggingface.js";
import { type Encoded, encoded, type Vocabulary } from "../language/vocabulary.js";
import { errorAt } from "../yaml/located.js";
import type { Card } from "./card-schema.js";
import type { Modality, ValueModality } from "./modalities.js";

/** How a policy is told in words what to do. */
export interface Language {
  /** The modality that holds the tokens' ids. */
  readonly modality: string;
  /** A sentence as the values of the modalities that are filled from it, and as tokens. @throws InputError as `encoded` */
  readonly told: (text: string) => Told;
}

/** A sentence as a policy is told it. */
export interface Told extends Pick<Encoded, "tokens" | "unknown"> {
  /** Elements by modality: ids, 1 for each token and 0 for padding, the number of tokens. */
  readonly values: Readonly<Record<string, Float64Array>>;
}

/** Number of sentences that a policy remembers as tokens. */
const REMEMBERED = 16;

/**
 * The language of a policy; undefined where the card has none, or names a tokenizer that was not read: whoever compiles
 * alone needs none.
 * @param files what the card's `tokenizer` names
 * @throws InputError where the card's language does not fit its modalities, the files, or the network
 */
export function languageOf(
  card: Card,
  modalities: readonly Modality[],
  { inputs, outputs }: Graph,
  files: TokenizerFiles | undefined,
  source: string,
): Language | undefined {
  const { language } = card;
  if (language === undefined) return undefined;
  const { tokens: name, mask, count } = language;
  const of = (role: "tokens" | "mask" | "count", named: string): ValueModality => {
    const found = modalities.find((modality) => modality.name === named);
    if (found?.kind === "values" && found.earlier.length === 0 && !found.isCarried) return found;
    const known = modalities.flatMap((m) => (m.kind === "values" && !m.isCarried ? [m.name] : [])).join(", ");
    throw errorAt(
      source,
      ["language", role],
      `found ${JSON.stringify(named)}, expected a modality of one time (${known})`,
    );
  };
  const tokens = of("tokens", name);
  const length = tokens.size;
  if (mask !== undefined && of("mask", mask).size !== length)
    throw errorAt(
      source,
      ["language", "mask"],
      `${mask} has ${of("mask", mask).size} elements, expected ${length}, one per token`,
    );
  if (count !== undefined && of("count", count).size !== 1)
    throw errorAt(source, ["language", "count"], `${count} has ${of("count", count).size} elements, expected one`);
  const vocabulary = vocabularyOf(card, source);
  const tokenizer = files && new HuggingFaceTokenizer(files, language.padding);
  if (vocabulary === undefined && tokenizer === undefined) return undefined;
  const size = vocabulary?.words.length ?? tokenizer!.size;
  const rows = embeddingRows(inputs.get(tokens.input)!, outputs.values());
  if (rows !== undefined && size > rows) {
    const [key, what] = vocabulary ? ["vocabulary", "words"] : ["tokenizer", "tokens"];
    throw errorAt(
      source,
      ["language", key],
      `found ${size} ${what}, expected at most ${rows}, the rows of the embedding`,
    );
  }
  const encode = (text: string): Encoded =>
    vocabulary ? encoded(vocabulary, text, length) : tokenizer!.encode(text, length);
  const remembered = new Map<string, Told>();
  const told = (text: string): Told => {
    const known = remembered.get(text);
    if (known) return known;
    const { ids, ...rest } = encode(text);
    const values = {
      [name]: Float64Array.from(ids),
      ...(mask !== undefined && { [mask]: Float64Array.from(ids, (_, i) => Number(i < rest.tokens.length)) }),
      ...(count !== undefined && { [count]: Float64Array.of(rest.tokens.length) }),
    };
    if (remembered.size >= REMEMBERED) remembered.clear();
    remembered.set(text, { ...rest, values });
    return remembered.get(text)!;
  };
  return { modality: name, told };
}

/** The card's own vocabulary; undefined where it names a tokenizer. */
function vocabularyOf(card: Card, source: string): Vocabulary | undefined {
  const { vocabulary: words, padding, begin, end, unknown } = card.language!;
  if (words === undefined) return undefined;
  const idOf = (key: "padding" | "begin" | "end" | "unknown", word: string | undefined): number | undefined => {
    if (word === undefined) return undefined;
    const id = words.indexOf(word);
    if (id >= 0) return id;
    throw errorAt(source, ["language", key], `found ${JSON.stringify(word)}, expected a word of the vocabulary`);
  };
  const ids = { begin: idOf("begin", begin), end: idOf("end", end), unknown: idOf("unknown", unknown) };
  const marks = [padding, begin, end, unknown];
  const upper = words.findIndex((word) => !marks.includes(word) && word !== word.toLowerCase());
  if (upper >= 0) {
    const found = `found ${JSON.stringify(words[upper])}`;
    throw errorAt(
      source,
      ["language", "vocabulary", upper],
      `${found}, expected lower case, which sentences are turned into`,
    );
  }
  return { words, padding: idOf("padding", padding) ?? 0, ...ids };
}

/** Rows of the table that an input's elements choose from, the smallest of several; undefined where none is found. */
function embeddingRows(input: Value, outputs: Iterable<Value>): number | undefined {
  let rows: number | undefined;
  const seen = new Set<Value>();
  const open = [...outputs];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (seen.has(value)) continue;
    seen.add(value);
    const { op, inputs, attributes } = value.node;
    const [data, indices] = inputs;
    if (op === "Gather" && indices && comesFrom(indices, input)) {
      const axis = Number(attributes.axis ?? 0);
      const extent = data!.shape.at(axis)!;
      rows = Math.min(rows ?? extent, extent);
    }
    for (const one of inputs) if (one) open.push(one);
  }
  return rows;
}

/** True where a value is the input, moved or cast. */
function comesFrom(value: Value, input: Value): boolean {
  if (value === input) return true;
  const { op, inputs } = value.node;
  const isMoved = op === "Cast" || op === "Slice" || traitsOf(op).moves !== undefined;
  return isMoved && inputs[0] !== undefined && inputs[0] !== null && comesFrom(inputs[0], input);
}

/**
 * A sentence as a policy is told it; undefined for a policy without language, or without a sentence.
 * @throws InputError for a sentence that the policy cannot be told
 */
export function toldOf(
  { language, path }: { readonly language?: Language; readonly path: string },
  instruction: string | undefined,
): Told | undefined {
  if (!language || instruction === undefined) return undefined;
  try {
    return language.told(instruction);
  } catch (error) {
    throw error instanceof InputError ? new InputError(`${path}: ${error.message}`) : error;
  }
}
