import { InputError } from "../errors.js";

/** Words that a policy knows, and the marks that frame a sentence. A token's id is a word's place in `words`. */
export interface Vocabulary {
  /** Words by id, the marks among them. */
  readonly words: readonly string[];
  /** Ids of the marks: after a sentence's end; before its first word and after its last (undefined: none); an unknown word. */
  readonly padding: number;
  readonly begin: number | undefined;
  readonly end: number | undefined;
  readonly unknown: number | undefined;
}

/** Words of a text in lower case: runs of letters and digits, with apostrophes inside. Everything else parts them. */
export const wordsOf = (text: string): string[] =>
  text.toLowerCase().match(/[\p{L}\p{N}]+(?:['’][\p{L}\p{N}]+)*/gu) ?? [];

/** A sentence as a policy's tokens. */
export interface Encoded {
  /** Ids, filled up with padding. */
  readonly ids: number[];
  /** The text of each token, without padding. */
  readonly tokens: string[];
  /** Words that are not in the vocabulary, each once. */
  readonly unknown: string[];
}

/**
 * A sentence as tokens: its words framed by the marks, then padding.
 * @param length tokens that the policy takes
 * @throws InputError for a sentence of more tokens, and for an unknown word where the vocabulary has no mark for it
 */
export function encoded({ words, padding, begin, end, unknown }: Vocabulary, text: string, length: number): Encoded {
  const known = new Map(words.map((word, id) => [word, id]));
  const said = wordsOf(text);
  const strange = [...new Set(said.filter((word) => !known.has(word)))];
  if (strange.length > 0 && unknown === undefined) {
    throw new InputError(`instruction "${text}": ${listed(strange)}: not in the vocabulary, which has no mark for it`);
  }
  const mark = (id: number | undefined): number[] => (id === undefined ? [] : [id]);
  const ids = [...mark(begin), ...said.map((word) => known.get(word) ?? unknown!), ...mark(end)];
  if (ids.length > length) throw tooLong(text, ids.length, length);
  const tokens = [...mark(begin).map((id) => words[id]!), ...said, ...mark(end).map((id) => words[id]!)];
  return { ids: [...ids, ...Array<number>(length - ids.length).fill(padding)], tokens, unknown: strange };
}

/** Error of a sentence of more tokens than a policy takes. */
export const tooLong = (text: string, count: number, length: number): InputError =>
  new InputError(`instruction "${text}": ${count} tokens; the policy takes ${length}`);

const listed = (words: readonly string[]): string => words.map((word) => `"${word}"`).join(", ");
