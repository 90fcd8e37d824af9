import { Tokenizer } from "@huggingface/tokenizers";
import { InputError } from "../errors.js";
import { type Encoded, tooLong, wordsOf } from "./vocabulary.js";

/** The contents of a `tokenizer.json`, and of the `tokenizer_config.json` beside it, where there is one. */
export interface TokenizerFiles {
  readonly path: string;
  /** Both paths, or the first one's alone. */
  readonly files: readonly string[];
  readonly tokenizer: object;
  readonly config: object | undefined;
}

/** A HuggingFace tokenizer whose sentences are filled up to a policy's tokens. */
export class HuggingFaceTokenizer {
  readonly #tokenizer: Tokenizer;
  readonly #padding: number;
  readonly #unknown: number | undefined;
  /** Number of tokens that it knows: the largest id and 1. */
  readonly size: number;

  /**
   * @param padding the token that fills up; by default the one that the files name
   * @throws InputError where the file is no tokenizer, or no padding is known
   */
  constructor({ path, tokenizer, config }: TokenizerFiles, padding?: string) {
    const { padding: filled, model } = tokenizer as {
      padding?: { pad_id?: number } | null;
      model?: { unk_token?: string | null; unk_id?: number | null };
    };
    try {
      this.#tokenizer = new Tokenizer(tokenizer, config ?? {});
    } catch (error) {
      throw new InputError(`${path}: not a tokenizer that can be read (${(error as Error).message})`);
    }
    const named = padding ?? (config as { pad_token?: string | { content?: string } } | undefined)?.pad_token;
    const token = typeof named === "object" ? named.content : named;
    const id = token === undefined ? filled?.pad_id : this.#tokenizer.token_to_id(token);
    if (id === undefined) {
      const why = token === undefined ? "it names no padding" : `it has no token ${JSON.stringify(token)}`;
      throw new InputError(`${path}: ${why}, expected the padding's token as language.padding`);
    }
    this.#padding = id;
    this.#unknown = model?.unk_id ?? (model?.unk_token ? this.#tokenizer.token_to_id(model.unk_token) : undefined);
    this.size = 1 + Math.max(id, ...this.#tokenizer.get_vocab(true).values());
  }

  /** A sentence as tokens, then padding. @throws InputError for a sentence of more than `length` tokens */
  encode(text: string, length: number): Encoded {
    const { ids, tokens } = this.#idsOf(text, true);
    if (ids.length > length) throw tooLong(text, ids.length, length);
    const isUnknown = (word: string) => this.#idsOf(word, false).ids.some((id) => id === this.#unknown);
    const unknown = this.#unknown === undefined ? [] : [...new Set(wordsOf(text).filter(isUnknown))];
    return { ids: [...ids, ...Array<number>(length - ids.length).fill(this.#padding)], tokens, unknown };
  }

  /** The library gives a tokenizer of whole words no id for unknown ones. */
  #idsOf(text: string, withMarks: boolean): { readonly ids: number[]; readonly tokens: string[] } {
    const found = this.#tokenizer.encode(text, { add_special_tokens: withMarks });
    const ids = (found.ids as (number | undefined)[]).map((id, i) => {
      const known = id ?? this.#unknown;
      if (known !== undefined) return known;
      throw new InputError(
        `instruction "${text}": ${JSON.stringify(found.tokens[i])}: not in the vocabulary, which has no mark for it`,
      );
    });
    return { ids, tokens: found.tokens };
  }
}
